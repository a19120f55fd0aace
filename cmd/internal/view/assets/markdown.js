// Shows the common part of Markdown as elements: headings, lists, quotes, tables, code, emphasis, links. It creates only
// elements and text nodes; no attribute except href holds anything from the text, and href is an http or mailto URL.
// HTML and images in the text stay text. The work is linear in the length of the text, because look-ahead is bounded.
import { el, show } from "./text.js";

const most = 200_000; // characters; longer texts are shown unchanged
const ahead = 2000; // characters to look ahead for the end of a span

// markdown returns an element that shows the text.
export function markdown(text) {
  if (text.length > most) return el("pre", { class: "plain" }, text);
  const out = el("div", { class: "markdown", dir: "auto" });
  blocks(out, text.split("\n"), 0);
  return out;
}

const fence = /^ {0,3}(```+|~~~+)\s*([\w+#.-]{0,30})/;
const heading = /^ {0,3}(#{1,6})\s+/;
const rule = /^ {0,3}([-*_])(?: *\1){2,} *$/;
const item = /^( {0,8})([-*+]|\d{1,9}[.)])(?: +|$)/;
const tableRule = /^ *\|?(?: *:?-{1,40}:? *\|){1,40} *(?::?-{1,40}:? *)?\|? *$/;

function blocks(out, lines, depth) {
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) out.append(inlineInto(el("p"), paragraph.join("\n").trim(), 0));
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    let m;
    if (!line.trim()) {
      flush();
    } else if ((m = fence.exec(line))) {
      flush();
      let end = i + 1;
      while (end < lines.length && !lines[end].trim().startsWith(m[1])) end++;
      out.append(code(lines.slice(i + 1, end).join("\n"), m[2]));
      i = end;
    } else if ((m = heading.exec(line))) {
      flush();
      out.append(inlineInto(el("p", { class: "h h" + m[1].length, role: "heading", "aria-level": "4" }), line.slice(m[0].length).replace(/ #{1,6} *$/, ""), 0));
    } else if (rule.test(line)) {
      flush();
      out.append(el("hr"));
    } else if (depth < 6 && line.trimStart().startsWith(">")) {
      flush();
      const inner = [];
      for (; i < lines.length && lines[i].trimStart().startsWith(">"); i++) inner.push(lines[i].trimStart().replace(/^> ?/, ""));
      i--;
      const quote = el("blockquote");
      blocks(quote, inner, depth + 1);
      out.append(quote);
    } else if (depth < 6 && (m = item.exec(line))) {
      flush();
      i = list(out, lines, i, m, depth);
    } else if (line.includes("|") && i + 1 < lines.length && lines[i + 1].length < 2000 && tableRule.test(lines[i + 1])) {
      flush();
      i = table(out, lines, i);
    } else {
      paragraph.push(line);
    }
  }
  flush();
}

export function code(text, language) {
  return el("pre", { class: "code", tabindex: "0", "aria-label": language ? "code, " + language : "code" }, el("code", {}, text));
}

// list appends the list that begins at a line, and returns its last line.
function list(out, lines, i, first, depth) {
  const ordered = /\d/.test(first[2]);
  const all = el(ordered ? "ol" : "ul");
  if (ordered && parseInt(first[2], 10) !== 1) all.setAttribute("start", parseInt(first[2], 10));
  const indent = first[1].length;
  while (i < lines.length) {
    const m = item.exec(lines[i]);
    if (!m || m[1].length < indent || m[1].length > indent + 1 || /\d/.test(m[2]) !== ordered) break;
    const inner = [lines[i].slice(m[0].length)];
    let blank = 0;
    for (i++; i < lines.length; i++) {
      const line = lines[i];
      const spaces = line.length - line.trimStart().length;
      if (!line.trim()) {
        blank++;
      } else if (spaces > indent + 1) {
        while (blank) { inner.push(""); blank--; }
        inner.push(line.slice(Math.min(spaces, m[0].length)));
      } else {
        break;
      }
    }
    const li = el("li");
    if (inner.length === 1) inlineInto(li, inner[0], 0);
    else blocks(li, inner, depth + 1);
    all.append(li);
  }
  out.append(all);
  return i - 1;
}

const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").slice(0, 50);

function table(out, lines, i) {
  const row = (line, tag) => el("tr", {}, cells(line).map((c) => inlineInto(el(tag), c.trim(), 0)));
  const body = el("tbody");
  const t = el("table", {}, el("thead", {}, row(lines[i], "th")), body);
  for (i += 2; i < lines.length && lines[i].includes("|") && body.childElementCount < 1000; i++) body.append(row(lines[i], "td"));
  out.append(el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "table" }, t));
  return i - 1;
}

const pairs = [["**", "strong"], ["__", "strong"], ["~~", "s"], ["*", "em"], ["_", "em"]];
const letter = /[\p{L}\p{N}]/u;

// inlineInto appends a text with its spans to an element, and returns the element.
function inlineInto(out, text, depth) {
  let plain = 0; // start of the text that has not been appended yet
  const emit = (to, node) => {
    if (to > plain) show(out, text.slice(plain, to));
    if (node) out.append(node);
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "\\" && i + 1 < text.length && /[!-/:-@[-`{-~]/.test(text[i + 1])) {
      emit(i);
      plain = i + 1;
      i++;
    } else if (c === "`") {
      let n = 1;
      while (text[i + n] === "`" && n < 20) n++;
      const end = near(text, text.slice(i, i + n), i + n);
      if (end > 0) {
        emit(i, el("code", {}, text.slice(i + n, end)));
        plain = end + n;
        i = plain - 1;
      } else {
        i += n - 1;
      }
    } else if (c === "[" && depth < 8) {
      const close = near(text, "](", i + 1), end = close < 0 ? -1 : near(text, ")", close + 2);
      if (end > 0) {
        emit(i, link(text.slice(i + 1, close), text.slice(close + 2, end), depth));
        plain = end + 1;
        i = end;
      }
    } else if (c === "h" && (i === 0 || !letter.test(text[i - 1])) && /^https?:\/\/[^\s<>"'`]{1,1000}/.test(text.slice(i, i + 1010))) {
      const url = /^https?:\/\/[^\s<>"'`]{1,1000}/.exec(text.slice(i, i + 1010))[0].replace(/[.,;:!?)\]}*_]+$/, "");
      emit(i, anchor(url, url, depth));
      plain = i + url.length;
      i = plain - 1;
    } else if (depth < 8 && "*_~".includes(c)) {
      const pair = pairs.find(([p]) => text.startsWith(p, i));
      if (!pair || (c === "_" && i > 0 && letter.test(text[i - 1])) || /\s/.test(text[i + pair[0].length] ?? " ")) continue;
      const from = i + pair[0].length, end = near(text, pair[0], from + 1);
      if (end < 0 || /\s/.test(text[end - 1]) || (c === "_" && letter.test(text[end + pair[0].length] ?? ""))) continue;
      emit(i, inlineInto(el(pair[1]), text.slice(from, end), depth + 1));
      plain = end + pair[0].length;
      i = plain - 1;
    }
  }
  emit(text.length);
  return out;
}

// near returns the next position of a string within the look-ahead, or -1.
function near(text, what, from) {
  const at = text.slice(from, from + ahead).indexOf(what);
  return at < 0 ? -1 : from + at;
}

// link returns a link, or its source text if its target is not allowed. The host is shown, because the words of a link may
// say anything.
function link(words, target, depth) {
  const url = safe(target.trim().split(/\s/)[0].replace(/^<|>$/g, ""));
  if (!url) return el("span", { class: "dead" }, "[" + words + "](" + target + ")");
  const a = anchor(url.href, words, depth);
  if (!words.includes(url.host)) return el("span", {}, a, el("span", { class: "host" }, " (" + (url.host || url.pathname) + ")"));
  return a;
}

function anchor(href, words, depth) {
  const url = safe(href);
  if (!url) return document.createTextNode(words);
  const a = el("a", { rel: "noopener noreferrer nofollow", target: "_blank" });
  a.href = url.href;
  if (words === href) show(a, words);
  else inlineInto(a, words, Math.max(depth + 1, 8)); // no links in links
  return a;
}

export function safe(target) {
  try {
    const url = new URL(target);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}
