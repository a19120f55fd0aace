// The filter form.
import { el, number } from "./text.js";

// keysOf are the query parameters that select results.
export const keysOf = ["outcome", "stop", "model", "error", "minInput", "maxInput", "minOutput", "maxOutput", "differ", "sort"];

const titles = { outcome: "Outcome", stop: "Stop reason", model: "Model", error: "Error" };

// filters fills an element with the form, and calls changed with the new query after each change.
export function filters(into, info, query, changed) {
  const form = el("form");
  const read = () => {
    const q = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "" || name in titles) q.append(name, value); // a box may stand for the empty value
    changed(q);
  };
  form.addEventListener("change", read);
  form.addEventListener("submit", (e) => { e.preventDefault(); read(); });
  for (const f of info.facets) {
    if (f.values.length < 2) continue; // there is nothing to choose
    form.append(el("fieldset", {}, el("legend", {}, titles[f.name]), f.values.slice(0, 50).map((v) =>
      el("label", {}, el("input", { type: "checkbox", name: f.name, value: v.name, checked: query.getAll(f.name).includes(v.name) }),
        el("bdi", {}, v.name || "none"), el("span", { class: "count" }, number(v.n))))));
  }
  const between = (title, low, high) => el("fieldset", {}, el("legend", {}, title), el("div", { class: "between" },
    [[low, "at least"], [high, "at most"]].map(([name, label]) => el("label", {}, label, " ",
      el("input", { type: "number", name, min: "0", step: "1", inputmode: "numeric", value: query.get(name) ?? "" })))));
  form.append(between("Tokens in", "minInput", "maxInput"), between("Tokens out", "minOutput", "maxOutput"));
  if (info.differs) {
    const [answer, outcome, missing, any] = info.differs;
    form.append(choice("Other results", "differ", query, [["", "all"], ["any", `any difference (${number(any)})`], ["answer", `different text (${number(answer)})`], ["outcome", `different outcome (${number(outcome)})`], ["missing", `missing (${number(missing)})`]]));
  }
  form.append(choice("Order", "sort", query, [["", "as in the file"], ["cost", "most expensive first"], ["output", "most tokens out first"], ["input", "most tokens in first"]]));
  form.append(el("button", { type: "button", onclick: () => { const none = new URLSearchParams(); filters(into, info, none, changed); changed(none); } }, "Clear filters"));
  into.replaceChildren(form);
}

function choice(title, name, query, options) {
  const select = el("select", { name }, options.map(([value, text]) => el("option", { value, selected: (query.get(name) ?? "") === value }, text)));
  return el("fieldset", {}, el("legend", {}, title), el("label", {}, el("span", { class: "hidden" }, title), select));
}
