// The list of keys.
import { el } from "./text.js";

const keys = [
  ["j / k", "next, previous result (also ↓ and ↑)"], ["Enter", "read the result; Esc goes back to the list"],
  ["d / u", "scroll the result down, up"], ["[ / ]", "page before, next page"], ["^ / G", "first, last result"],
  ["/", "search in texts; Esc clears it"], ["g", "go to a custom id"], ["f", "filters"], ["c", "clear the filters"],
  ["m", "Markdown or plain text"], ["t", "thinking open or closed"], ["x", "where two results differ"], ["a", "show all of a long result"],
  ["e", "export the selection as JSON lines"], ["r", "read files again that have changed"], ["?", "this list"],
];

// help shows the keys in a dialog.
export function help(dialog) {
  dialog.replaceChildren(el("h2", { id: "help-title" }, "Keys"),
    el("dl", {}, keys.map(([k, what]) => el("div", {}, el("dt", {}, k.split(" / ").flatMap((x, i) => [i ? " " : null, el("kbd", {}, x)])), el("dd", {}, what)))),
    el("form", { method: "dialog" }, el("button", { autofocus: true }, "Close")));
  dialog.showModal();
}
