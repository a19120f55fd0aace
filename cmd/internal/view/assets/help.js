// The list of keyboard shortcuts.
import { el } from "./text.js";

const keys = [
  ["j / k", "next, previous result (also ↓ and ↑)"], ["Enter", "read the result; Esc returns to the list"],
  ["d / u", "scroll the result down, up"], ["[ / ]", "previous, next page"], ["^ / G", "first, last result"],
  ["/", "search texts; Esc clears the search"], ["g", "go to a custom ID"], ["f", "show filters"], ["c", "clear filters"],
  ["m", "switch Markdown and plain text"], ["t", "open or close thinking"], ["x", "show differences"], ["a", "show all of a long result"],
  ["e", "export the selection as JSON Lines"], ["r", "reload changed files"], ["?", "this list"],
];

// help shows the keys in a dialog.
export function help(dialog) {
  dialog.replaceChildren(el("h2", { id: "help-title" }, "Keys"),
    el("dl", {}, keys.map(([k, what]) => el("div", {}, el("dt", {}, k.split(" / ").flatMap((x, i) => [i ? " " : null, el("kbd", {}, x)])), el("dd", {}, what)))),
    el("form", { method: "dialog" }, el("button", { autofocus: true }, "Close")));
  dialog.showModal();
}
