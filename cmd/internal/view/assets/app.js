// The page: its contents, and the actions of keys and clicks. The state is in the fragment of the URL, so that reload and
// bookmarks work; the server never sees it.
import { get, lines } from "./api.js";
import { detail, outcome } from "./detail.js";
import { filters, keysOf } from "./filters.js";
import { help } from "./help.js";
import { el, mark, money, number, short, show } from "./text.js";

const $ = (id) => document.getElementById(id);
const pageSize = 100;

const state = {
  info: null,
  query: new URLSearchParams(), // filters, and sort
  find: "", in: "answer", // the search
  from: 0, // position of the page in the selection
  rows: [], // of the page
  total: 0, // rows of the selection, or hits so far
  hits: [], // found
  next: null, // where the search continues; null at its end
  row: null, // the row that is shown
  at: -1, // its position on the page
  plain: false, thinking: false, differences: false,
  models: 0, // number of models
};
let busy = 0; // calls and timers in progress
const count = (by) => { busy += by; document.body.dataset.busy = busy; };

// during counts what is in progress.
async function during(work) {
  count(1);
  try { return await work(); } finally { count(-1); }
}

let loading = null; // AbortController of the list
let showing = null; // and of the detail

// Notices

function notice(text, kind = "", ...more) {
  $("notice").className = kind;
  $("notice").replaceChildren();
  if (text) {
    show($("notice"), text);
    $("notice").append(" ", ...more);
  }
}

function failed(e) {
  if (e.name !== "AbortError") notice(e.message, "bad", el("button", { type: "button", onclick: refresh }, "Reload the files"));
}

const refresh = () => during(readAgain);

async function readAgain() {
  notice("Reloading the files …");
  try {
    state.info = await get("refresh", {}, { method: "POST" });
    notice("");
    begin();
    await load();
  } catch (e) { failed(e); }
}

// The list

const load = () => during(reload);

async function reload() {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  save();
  try {
    if (state.find) return await search(signal);
    state.hits = [];
    const list = await get("rows", [...state.query, ["from", state.from], ["n", pageSize]], { signal });
    state.rows = list.rows;
    state.total = list.sum.results;
    paint(list.sum);
  } catch (e) { failed(e); }
}

// search looks for the text from state.next on, and shows hits as they arrive.
async function search(signal) {
  const began = state.next ?? 0;
  if (began === 0) state.hits = [];
  state.rows = state.hits;
  state.next = null;
  searching(began, 0);
  let shown = 0;
  for await (const line of lines("search", [...state.query, ["q", state.find], ["in", state.in], ["from", began]], signal)) {
    if (line.failed) throw new Error(line.failed);
    if ("row" in line) {
      state.hits.push(line);
      if (performance.now() - shown > 150) { // not for every hit
        shown = performance.now();
        paint();
      }
    }
    if ("at" in line) searching(line.at, line.of);
    if ("next" in line) state.next = line.next < line.of ? line.next : null;
  }
  if (signal.aborted) return;
  state.total = state.hits.length;
  paint();
}

function searching(at, of) {
  $("sum").replaceChildren();
  show($("sum"), `Searching … ${of ? number(at) + " of " + number(of) + " results, " : ""}${number(state.hits.length)} found `);
  $("sum").append(el("button", { type: "button", onclick: stop }, "Stop"));
}

function stop() {
  loading?.abort();
  state.total = state.hits.length;
  paint();
}

function paint(sum) {
  const { currency } = state.info;
  $("sum").replaceChildren();
  if (state.find) {
    show($("sum"), `${number(state.hits.length)} found`);
    if (state.next != null) $("sum").append(" so far ", el("button", { type: "button", onclick: load }, "Continue"));
  } else if (sum) {
    const cost = sum.unpriced ? `${money(sum.cost, currency)} and ${number(sum.unpriced)} without a price` : money(sum.cost, currency);
    show($("sum"), `${number(sum.results)} results, ${short(sum.input)} tokens in, ${short(sum.output)} out, ${cost}`);
  }
  $("sum").append(" ", exports());
  state.at = state.rows.findIndex((r) => r.row === state.row);
  $("rows").replaceChildren(...state.rows.map(option));
  if (!state.rows.length) $("rows").replaceChildren(el("p", { class: "empty", role: "option", "aria-disabled": "true" }, "No results match. ", "Esc clears the search, c the filters."));
  choose(state.at, false);
  pager();
}

function option(r, i) {
  const text = el("span", { class: "intro", dir: "auto" });
  mark(text, intro(r.text ?? ""), state.find);
  return el("div", { role: "option", id: "row-" + i, "aria-selected": "false", onclick: () => pick(i) },
    el("span", { class: "first" }, el("bdi", { class: "id" }, r.id || "line " + r.line), outcome(r),
      r.differs ? el("span", { class: "badge differs" }, { answer: "different text", outcome: "different outcome", missing: "missing" }[r.differs]) : null),
    text,
    el("span", { class: "numbers" }, r.input + r.output ? `${r.model && state.models > 1 ? r.model + " · " : ""}${short(r.input)} in · ${short(r.output)} out · ${money(r.cost, state.info.currency)}` : ""));
}

// intro omits the marks of Markdown, unless they are searched for.
function intro(text) {
  const bare = text.replace(/(^|\s)#{1,6}(?=\s)|\*\*|`+|\|[-:| ]*/g, "$1").replace(/\[([^\]]{1,100})\]\([^)]{1,200}\)/g, "$1");
  return !state.find || bare.toLowerCase().includes(state.find.toLowerCase()) ? bare : text;
}

function exports() {
  const query = new URLSearchParams(state.query);
  if (state.find) { query.set("q", state.find); query.set("in", state.in); }
  const link = (what, name) => el("a", { class: "button", download: true, href: "/api/export?what=" + what + "&" + query }, name);
  return el("span", { class: "exports" }, link("results", "Export results"), state.info.requests ? link("requests", "Export requests") : null);
}

function pager() {
  const pages = Math.ceil(state.total / pageSize), page = state.from / pageSize;
  $("pager").replaceChildren();
  if (state.find || pages < 2) return;
  const to = (name, label, place, off) => el("button", { type: "button", "aria-label": label, disabled: off, onclick: () => go(place) }, name);
  $("pager").append(to("«", "first page", 0, page === 0), to("‹", "previous page", state.from - pageSize, page === 0),
    el("span", {}, `${number(state.from + 1)} to ${number(Math.min(state.total, state.from + pageSize))} of ${number(state.total)}`),
    to("›", "next page", state.from + pageSize, page >= pages - 1), to("»", "last page", (pages - 1) * pageSize, page >= pages - 1));
}

// go shows the page at a position of the selection, and selects one of its rows.
async function go(place, at = 0) {
  state.from = Math.max(0, place);
  await load();
  pick(at < 0 ? state.rows.length - 1 : at, false);
}

function choose(at, scroll = true) {
  const list = $("rows");
  list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  state.at = at;
  const chosen = at >= 0 ? $("row-" + at) : null;
  if (!chosen) return list.removeAttribute("aria-activedescendant");
  chosen.setAttribute("aria-selected", "true");
  list.setAttribute("aria-activedescendant", chosen.id);
  if (scroll) chosen.scrollIntoView({ block: "nearest" });
}

// pick selects a row of the page and shows it.
function pick(at, open = true) {
  if (!state.rows[at]) return;
  choose(at);
  state.row = state.rows[at].row;
  if (open) document.body.classList.add("reading"); // on a small screen it replaces the list
  reveal();
}

const reveal = (whole = false) => during(() => showRow(whole));

async function showRow(whole) {
  showing?.abort();
  showing = new AbortController();
  save();
  if (state.row == null) return $("detail").replaceChildren(el("p", { class: "empty" }, "Select a result: j and k move down and up, ? shows all keys."));
  try {
    $("detail").setAttribute("aria-busy", "true");
    const d = await get("row", { row: state.row, whole: whole ? 1 : 0 }, { signal: showing.signal });
    const { info } = state;
    detail($("detail"), d, {
      currency: info.currency, needle: state.find, plain: state.plain, thinking: state.thinking,
      names: [info.results.name, info.other?.name],
      differences: state.differences, toggleDifferences: keys.x,
      whole: () => reveal(true), close,
    });
    if (!whole) $("detail").scrollTop = 0;
  } catch (e) { failed(e); }
  $("detail").removeAttribute("aria-busy");
}

function close() {
  document.body.classList.remove("reading");
  $("rows").focus();
}

// State in the fragment

function save() {
  const all = new URLSearchParams(state.query);
  if (state.find) { all.set("q", state.find); all.set("in", state.in); }
  if (state.from) all.set("from", state.from);
  if (state.row != null) all.set("row", state.row);
  history.replaceState(null, "", "#" + all);
}

function restore() {
  const all = new URLSearchParams(location.hash.slice(1));
  const take = (name) => { const v = all.get(name); all.delete(name); return v; };
  state.find = take("q") ?? "";
  state.in = take("in") ?? "answer";
  state.from = Number(take("from")) || 0;
  const row = take("row");
  state.row = row == null ? null : Number(row);
  state.query = new URLSearchParams([...all].filter(([name]) => keysOf.includes(name)));
  $("q").value = state.find;
  $("in").value = state.in;
}

function begin() {
  const { info } = state;
  const names = [info.results, info.requests, info.other].filter(Boolean).map((f) => f.name);
  state.models = info.facets.find((f) => f.name === "model").values.filter((v) => v.name).length;
  document.title = names[0];
  $("title").replaceChildren(el("bdi", {}, names[0]), ...names.slice(1).flatMap((n) => [" · ", el("bdi", {}, n)]));
  $("in").hidden = !info.requests;
  filters($("filters"), info, state.query, changed);
  $("active").textContent = active();
  const partial = [info.results, info.requests, info.other].find((f) => f?.partial);
  if (info.changed) notice("The files have changed.", "", el("button", { type: "button", onclick: refresh }, "Reload them"));
  else if (partial) notice(partial.name + " ends in an unfinished line, which is omitted.", "", el("button", { type: "button", onclick: refresh }, "Reload it"));
}

function active() {
  const n = new Set([...state.query.keys()].filter((k) => k !== "sort")).size;
  return n ? "(" + n + ")" : "";
}

function changed(query) {
  state.query = query;
  state.from = 0;
  state.next = 0;
  $("active").textContent = active();
  load();
}

// Forms and keys

let typing = 0;
function look(now) {
  if (typing) { clearTimeout(typing); count(-1); }
  count(1);
  typing = setTimeout(() => {
    typing = 0;
    count(-1);
    if ($("q").value === state.find && $("in").value === state.in) return;
    state.find = $("q").value;
    state.in = $("in").value;
    state.from = 0;
    state.next = 0;
    load();
    if (state.row != null) reveal();
  }, now ? 0 : 400);
}
$("q").addEventListener("input", () => look(false));
$("in").addEventListener("change", () => look(true));
$("search").addEventListener("submit", (e) => { e.preventDefault(); look(true); $("rows").focus(); });

$("jump").addEventListener("submit", (e) => { e.preventDefault(); during(jump); });

async function jump() {
  try {
    const found = await get("find", [...state.query, ["id", $("id").value.trim()]]);
    notice("");
    state.row = found.row;
    if (found.place >= 0 && !state.find) {
      state.from = found.place - (found.place % pageSize);
      await load();
      choose(state.at);
    } else {
      notice("This result is not in the list because of the filters or the search.");
    }
    document.body.classList.add("reading");
    reveal();
    $("rows").focus();
  } catch (e) { notice(e.message, "bad"); }
}

function toggle(open = $("filters").hidden) {
  $("filters").hidden = !open;
  $("toggle").setAttribute("aria-expanded", String(open));
  if (open) $("filters").querySelector("input, select")?.focus();
}
$("toggle").addEventListener("click", () => toggle());
$("keys").addEventListener("click", () => help($("help")));

function move(by) {
  const at = state.at + by;
  if (at >= 0 && at < state.rows.length) return pick(at, document.body.classList.contains("reading"));
  if (state.find) return;
  if (at >= state.rows.length && state.from + pageSize < state.total) go(state.from + pageSize);
  if (at < 0 && state.from > 0) go(state.from - pageSize, -1);
}

const enter = (input) => { input.focus(); input.select(); };
const scroll = (by) => $("detail").scrollBy({ top: by * $("detail").clientHeight * 0.8 });

const keys = {
  j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
  Enter: () => { if (state.at >= 0) { pick(state.at); $("detail").focus(); } },
  Home: () => go(0), End: () => go(Math.floor(Math.max(0, state.total - 1) / pageSize) * pageSize, -1), G: () => keys.End(), "^": () => keys.Home(),
  "[": () => state.from > 0 && go(state.from - pageSize), "]": () => !state.find && state.from + pageSize < state.total && go(state.from + pageSize),
  d: () => scroll(1), u: () => scroll(-1),
  "/": () => enter($("q")), g: () => enter($("id")),
  f: () => toggle(), c: () => { filters($("filters"), state.info, new URLSearchParams(), changed); changed(new URLSearchParams()); },
  m: () => { state.plain = !state.plain; reveal(); }, t: () => { state.thinking = !state.thinking; reveal(); },
  x: async () => {
    state.differences = !state.differences;
    await reveal();
    $("detail").querySelector("del, ins")?.scrollIntoView({ block: "center" });
  },
  a: () => reveal(true), r: refresh, e: () => $("sum").querySelector("a[download]")?.click(),
  "?": () => help($("help")),
};

document.addEventListener("keydown", (e) => {
  const typed = e.target.matches("input, select, textarea");
  if (e.key === "Escape" && !$("help").open) {
    if (typed && e.target.id === "q" && e.target.value) { e.target.value = ""; look(true); }
    else if (typed) e.target.blur();
    else if (document.body.classList.contains("reading") && getComputedStyle($("list")).display === "none") close();
    else if (state.find) { $("q").value = ""; look(true); }
    if (typed || document.activeElement === $("detail")) $("rows").focus();
    return;
  }
  if (typed || e.ctrlKey || e.metaKey || e.altKey || $("help").open) return;
  if (e.key === "Enter" && e.target !== $("rows") && e.target !== document.body) return; // meant for a button or a link
  if (["ArrowDown", "ArrowUp", "Home", "End"].includes(e.key) && e.target !== $("rows") && e.target !== document.body) return;
  const f = keys[e.key];
  if (!f) return;
  e.preventDefault();
  f();
});

document.querySelector(".skip").addEventListener("click", (e) => { e.preventDefault(); $("rows").focus(); }); // the fragment holds the state
window.addEventListener("hashchange", () => { restore(); begin(); load(); reveal(); });

async function main() {
  count(0);
  restore();
  try {
    state.info = await get("info");
  } catch (e) { return failed(e); }
  state.next = 0;
  begin();
  await load();
  if (state.row == null && state.rows.length && matchMedia("(min-width: 900px)").matches) pick(0, false);
  else reveal();
  document.body.classList.add("ready");
}
main();
