// Shows one result: prompt and response side by side, and the other response if there is one.
import { bytes, el, mark, markAll, money, number } from "./text.js";
import { differ } from "./differ.js";
import { code, markdown } from "./markdown.js";

const names = { text: "Text", thinking: "Thinking", tool: "Tool call", result: "Tool result", image: "Image", document: "Document", tools: "Tools", other: "Block" };

// detail fills an element with a result. Options: currency, needle, plain, whole (a function that loads all of it), names.
export function detail(into, d, options) {
  const r = d.response;
  const head = el("div", { class: "head" },
    el("button", { type: "button", class: "close", onclick: options.close }, "‹ List"),
    el("h2", { dir: "auto" }, r.id || "line " + r.line),
    el("p", { class: "facts" }, "line " + number(r.line) + ", " + bytes(r.bytes)),
    el("div", { class: "actions" },
      d.other ? el("button", { type: "button", "aria-pressed": String(!!options.differences), onclick: options.toggleDifferences }, "Differences") : null,
      r.damage || d.prompt?.cut || r.cut || d.other?.cut
      ? el("button", { type: "button", class: "whole", onclick: options.whole }, "Show all") : null,
      el("a", { class: "button", href: "/api/line?row=" + r.row, download: true }, "Save the line"),
      d.prompt ? el("a", { class: "button", href: "/api/line?what=requests&row=" + r.row, download: true }, "Save the request") : null));
  const columns = el("div", { class: "columns" });
  if (d.prompt) columns.append(column("Prompt", options.names[1] ? "prompt above" : "prompt", [el("p", { class: "facts" }, "line " + number(d.prompt.line))], prompt(d.prompt, options)));
  const marked = d.other && options.differences ? differ(whole(r), whole(d.other)) : null;
  columns.append(response(d.other ? options.names[0] : "Response", "response", r, options, marked?.[0]));
  if (d.other) columns.append(response(options.names[1], "second", d.other, options, marked?.[1]));
  else if (options.names[1]) columns.append(column(options.names[1], "second", [], [el("p", { class: "empty" }, "The other file has no result for this request.")]));
  const problems = (d.problems ?? []).map((p) => el("p", { class: "bad" }, p));
  into.replaceChildren(head, ...problems, columns);
}

function column(title, name, facts, content) {
  return el("section", { class: "column " + name, "aria-label": title, tabindex: name.includes("above") ? "0" : null }, el("h3", { dir: "auto" }, title), ...facts, ...content);
}

export function outcome(r) {
  const good = r.outcome === "succeeded" && (r.stop === "end_turn" || r.stop === "stop_sequence" || r.stop === "tool_use");
  const kind = r.outcome !== "succeeded" ? "bad" : good ? "good" : "odd";
  const text = r.outcome === "succeeded" ? r.stop || "succeeded" : r.error ? r.outcome + ": " + r.error : r.outcome;
  return el("span", { class: "badge " + kind }, text);
}

// whole returns the text of a response for comparison: without thinking, with tool calls.
const whole = (r) => (r.blocks ?? []).filter((b) => b.kind !== "thinking").map((b) => (b.kind === "text" ? "" : (names[b.kind] ?? b.kind) + " " + (b.title ?? "") + "\n") + (b.text ?? "")).join("\n\n");

function response(title, name, r, options, marked) {
  const facts = [];
  facts.push(el("p", { class: "facts" }, outcome(r), r.model ? [" ", el("bdi", {}, r.model)] : null));
  if (r.damage) facts.push(el("p", { class: "bad" }, "This line is damaged: " + r.damage));
  if (r.message) facts.push(el("p", { class: "bad", dir: "auto" }, r.message));
  if (r.requestId) facts.push(el("p", { class: "facts" }, "request " + r.requestId));
  if (r.tokens?.length) facts.push(usage(r, options.currency));
  const content = marked
    ? [el("pre", { class: "plain", dir: "auto", tabindex: "0" }, marked.map(([text, differs]) => (differs ? el(name === "second" ? "ins" : "del", {}, text) : text)))]
    : (r.blocks ?? []).map((b) => block(b, options));
  if (r.raw) content.push(block({ kind: "other", title: "unchanged from the file", text: r.raw, format: "plain" }, options));
  if (!content.length && !r.message && !r.damage) content.push(el("p", { class: "empty" }, "No content."));
  return column(title, name, facts, content);
}

function usage(r, currency) {
  const parts = r.tokens.map((t) => el("div", {}, el("dt", {}, t.name), el("dd", {}, number(t.n))));
  parts.push(el("div", {}, el("dt", {}, "cost"), el("dd", {}, r.priced ? money(r.cost, currency) : "no price")));
  return el("dl", { class: "usage", "aria-label": "Tokens and cost" }, parts);
}

function prompt(p, options) {
  let role = "";
  const out = [];
  for (const b of p.blocks ?? []) {
    if (b.role !== role && b.role !== "tools") out.push(el("h4", { class: "role" }, b.role));
    role = b.role;
    out.push(block(b, options));
  }
  if (p.settings && p.settings !== "{}") out.push(fold("Parameters", "", code(p.settings, "JSON"), false));
  return out;
}

function fold(name, title, content, open) {
  return el("details", { class: "block", open }, el("summary", {}, el("span", { class: "kind" }, name), title ? " " + title : null), content);
}

// block shows one block of a prompt or a response.
function block(b, options) {
  const parts = [];
  if (b.image) {
    const image = el("img", { alt: "image of the request", class: "picture" });
    image.src = b.image; // a data URI of an image, made by the server
    parts.push(image);
  }
  if (b.text) parts.push(content(b, options));
  if (b.bytes) parts.push(el("p", { class: "cut" }, (b.text ? "… truncated: " : "") + bytes(b.bytes) + " in total. ", el("button", { type: "button", onclick: options.whole }, "Show all")));
  for (const [i, c] of (b.citations ?? []).entries()) {
    parts.push(el("p", { class: "citation", dir: "auto" }, el("span", { class: "kind" }, "[" + (i + 1) + "]"), " ", el("cite", {}, c.source || "untitled"),
      c.place ? ", " + c.place : null, c.text ? el("q", {}, c.text) : null));
  }
  if (!parts.length && !b.title) parts.push(el("p", { class: "empty" }, "empty"));
  if (b.kind === "thinking" || b.kind === "tools") return fold(names[b.kind], b.title, el("div", {}, parts), b.kind === "thinking" && options.thinking);
  const title = b.kind === "text" ? null : el("p", { class: "label" }, el("span", { class: "kind" }, names[b.kind] ?? names.other), b.title ? [" ", el("bdi", {}, b.title)] : null);
  return el("div", { class: "block " + b.kind }, title, parts);
}

// pieces divides a long text, so that the browser lays out only the visible part.
function pieces(text) {
  if (text.length < 200_000) return [text];
  const all = [];
  for (let from = 0; from < text.length;) {
    let to = from + 20_000;
    const line = text.indexOf("\n", to);
    if (line >= 0 && line < to + 20_000) to = line + 1;
    else if (/[\ud800-\udbff]/.test(text[to - 1] ?? "")) to++; // not between the halves of a surrogate pair
    all.push(text.slice(from, to));
    from = to;
  }
  return all;
}

function content(b, options) {
  const plain = () => {
    const pre = el("pre", { class: "plain", dir: "auto", tabindex: "0" });
    for (const part of pieces(b.text)) {
      const to = part === b.text ? pre : pre.appendChild(el("div", { class: "piece" }));
      mark(to, part, options.needle);
    }
    return pre;
  };
  if (b.format === "plain" || b.text.length >= 200_000 || (b.format === "markdown" && options.plain)) return plain();
  const shown = b.format === "json" ? code(b.text, "JSON") : markdown(b.text);
  const found = options.needle && markAll(shown, options.needle);
  if (found === 0 && b.text.toLowerCase().includes(options.needle.toLowerCase())) return plain(); // the hit spans two elements
  return shown;
}
