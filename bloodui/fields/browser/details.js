// The cell that is open, or two side by side: pictures, probabilities, measures, decision.

import { element, fromSheet, percent } from "./elements.js";

const PICTURE_PX = 132;
const SIDE_BY_SIDE_PX = 100;
const NARROW_PX = 700; // as in fields.css
const SMALL_PX = 64;
const MOST_EXAMPLES = 3;

export class Details {
  /** @param {{data, review, ...}} app what the others know */
  constructor(app) {
    this.app = app;
    this.cells = element("div", { class: "opened" });
    this.buttons = element("div", { class: "kinds", role: "group", "aria-label": "Move to" });
    app.data.classes.forEach((each, number) => {
      const mark = element("span", { class: "mark" });
      mark.textContent = app.code(number);
      mark.style.setProperty("--kind", app.colour(number));
      const name = element("span", { class: "name" });
      name.textContent = each.name;
      const button = element("button", { type: "button" }, mark, name);
      if (number < 9) button.append(element("kbd", {}, String(number + 1)));
      button.dataset.kind = String(number);
      button.addEventListener("click", () => app.moveChosen(number));
      this.buttons.append(button);
    });
    const back = element(
      "button",
      { type: "button", class: "back", title: "What the model says itself" },
      "As the model says",
      element("kbd", {}, "0"),
    );
    back.dataset.kind = "model";
    back.addEventListener("click", () => app.moveChosen(null));
    this.buttons.append(back);
    const close = element("button", { type: "button", class: "close", "aria-label": "Close" }, "✕");
    close.dataset.command = "close";
    close.addEventListener("click", () => app.choose([], null));
    this.root = element("aside", { class: "details", "aria-label": "Open cell" }, close, this.cells);
  }

  paint() {
    const { app } = this;
    const chosen = [...app.chosen];
    const shown = chosen.length === 2 ? chosen : app.opened === null ? [] : [app.opened];
    this.cells.classList.toggle("two", shown.length === 2);
    const lines = [];
    if (!shown.length) {
      lines.push(element("p", { class: "hint" }, "Click on a cell, in the picture or below."));
    }
    if (chosen.length > 2) {
      lines.push(element("p", { class: "hint" }, `${chosen.length} cells chosen; the last one:`));
    }
    const isNarrow = app.root.clientWidth > 0 && app.root.clientWidth <= NARROW_PX;
    const size = isNarrow ? SMALL_PX : shown.length === 2 ? SIDE_BY_SIDE_PX : PICTURE_PX;
    this.cells.replaceChildren(...lines, ...shown.map((index) => this.one(index, size)));
    for (const button of this.buttons.children) {
      const isNone = !chosen.some((index) => !app.data.cells[index].isCut);
      button.disabled = isNone;
      const kind = button.dataset.kind === "model" ? undefined : Number(button.dataset.kind);
      const isOfAll = !isNone && chosen.every((index) => app.review.kind(index) === kind);
      button.setAttribute("aria-pressed", String(isOfAll));
    }
  }

  one(index, size) {
    const { app } = this;
    const cell = app.data.cells[index];
    const sheets = app.data.sheets[cell.field];
    const title = element("h4");
    title.textContent = `${app.data.fields[cell.field].label}, cell ${cell.number}`;
    const answer = element("p", { class: "answer" });
    const kind = app.review.kind(index);
    const mark = element("span", { class: "mark" });
    mark.textContent = cell.isCut ? "✂" : app.code(kind);
    mark.style.setProperty("--kind", app.colour(cell.isCut ? null : kind));
    const words = element("strong");
    words.textContent = app.nameOf(index);
    answer.append(mark, words);
    const pictures = element(
      "div",
      { class: "pictures" },
      figure(fromSheet(sheets.field, cell.place, size), `In the field, ${Math.round(cell.sideUm)} µm`),
      figure(fromSheet(sheets.seen, cell.place, size), "What the model saw"),
    );
    const reasons = element("div", { class: "reasons" });
    if (app.review.isCorrected(index) && kind !== null) {
      reasons.append(paragraph(`The model: ${app.modelSays(cell)}.`, "reason"));
    }
    reasons.append(paragraph(cell.reason, "reason"));
    // Of two cells each of these parts is as high as the other's, and stands beside it.
    const parts = [title, answer, pictures, reasons, this.probabilities(cell), measures(cell)];
    if (cell.alike) parts.push(paragraph(cell.alike, "reason"), ...this.examples(cell));
    return element("article", {}, ...parts);
  }

  /** Drawn cells of the classes of the training cells most like one: no patient's picture. */
  examples(cell) {
    const { sheet, places } = this.app.data.examples;
    const drawn = cell.alikeKinds.filter((number) => places[number] !== null).slice(0, MOST_EXAMPLES);
    if (!drawn.length) return [];
    const pictures = drawn.map((number) =>
      figure(
        fromSheet(sheet, places[number], SMALL_PX),
        `${this.app.data.classes[number].name}, drawn`,
      ),
    );
    return [element("div", { class: "pictures examples" }, ...pictures)];
  }

  probabilities(cell) {
    const { app } = this;
    const list = element("ol", { class: "probabilities", "aria-label": "Probabilities" });
    const order = cell.probabilities.map((share, number) => [share, number]);
    order.sort(([a], [b]) => b - a);
    for (const [share, number] of order) {
      if (share < 0.005 && list.children.length >= 3) continue;
      const name = element("span", { class: "name" });
      name.textContent = app.data.classes[number].name;
      const bar = element("span", { class: "share" }, element("i"));
      bar.firstChild.style.width = `${100 * share}%`;
      bar.firstChild.style.background = app.colour(number);
      list.append(element("li", {}, name, bar, element("span", { class: "value" }, percent(share))));
    }
    return list;
  }
}

function figure(picture, words) {
  const caption = element("figcaption");
  caption.textContent = words;
  return element("figure", {}, picture, caption);
}

function paragraph(words, name) {
  const made = element("p", { class: name });
  made.textContent = words;
  return made;
}

function measures(cell) {
  const list = element("dl", { class: "measures" });
  for (const [name, value] of cell.measures) {
    const term = element("dt");
    term.textContent = name;
    const description = element("dd");
    description.textContent = value;
    list.append(element("div", {}, term, description));
  }
  return list;
}
