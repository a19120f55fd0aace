// Creates elements. Texts of results become text nodes, and no code parses a string as HTML: the policy of the page makes
// the browser refuse that.

// el creates an element from constants: properties are set by name, and children are nodes or texts.
export function el(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value === true) e.setAttribute(name, "");
    else if (value !== false && value != null) e.setAttribute(name, value);
  }
  for (const c of children.flat()) {
    if (c == null || c === false) continue;
    if (c instanceof Node) e.append(c);
    else show(e, String(c));
  }
  return e;
}

// Characters that are invisible, or that change the order of others.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

// show appends a text, with invisible characters replaced by their names, and with the needle marked.
export function show(parent, text) {
  let from = 0;
  for (const m of text.matchAll(unseen)) {
    if (m.index > from) parent.append(text.slice(from, m.index));
    const code = "U+" + m[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    const mark = document.createElement("span");
    mark.className = "unseen";
    mark.title = "an invisible character";
    mark.textContent = code;
    parent.append(mark);
    from = m.index + m[0].length;
  }
  if (from < text.length) parent.append(from ? text.slice(from) : text);
}

// mark appends a text in which all occurrences of the needle are marked.
export function mark(parent, text, needle) {
  const low = text.toLowerCase(), find = needle.toLowerCase();
  if (!find || low.length !== text.length) return show(parent, text);
  let from = 0;
  for (let n = 0; n < 1000; n++) {
    const at = low.indexOf(find, from);
    if (at < 0) break;
    show(parent, text.slice(from, at));
    const m = document.createElement("mark");
    show(m, text.slice(at, at + find.length));
    parent.append(m);
    from = at + find.length;
  }
  show(parent, text.slice(from));
}

// markAll marks the needle in the texts of an element, and returns the number of marks.
export function markAll(root, needle) {
  const find = needle.toLowerCase(), texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.length < 20000 && walker.nextNode()) {
    const low = walker.currentNode.data.toLowerCase();
    if (low.length === walker.currentNode.data.length && low.includes(find)) texts.push(walker.currentNode);
  }
  for (const t of texts) {
    const all = document.createDocumentFragment();
    mark(all, t.data, needle);
    t.replaceWith(all);
  }
  return texts.length;
}

export const number = (n) => n.toLocaleString("en-US");

// short formats a number with few digits: 12.3k.
export function short(n) {
  for (const [size, unit] of [[1e9, "B"], [1e6, "M"], [1e4, "k"]]) {
    if (n >= size) return (n / (unit === "k" ? 1e3 : size)).toPrecision(3) + unit;
  }
  return number(n);
}

// money formats an amount that is a decimal number.
export function money(text, currency) {
  const n = Number(text);
  const digits = n !== 0 && n < 0.01 ? 6 : n < 1 ? 4 : 2;
  const amount = n.toFixed(digits);
  return currency === "USD" ? "$" + amount : amount + " " + currency;
}

export function bytes(n) {
  const units = ["bytes", "kB", "MB", "GB"];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return (i ? n.toPrecision(3) : n) + " " + units[i];
}
