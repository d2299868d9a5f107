// Cells in columns by class, at their true size beside each other, to be chosen and moved.

import { element, fromSheet } from "./elements.js";

const SIZES = [2.4, 3.4, 5]; // CSS pixels per µm
export const UNSURE = "unsure";
export const CUT = "cut";

export class Gallery {
  /** @param {{data, review, ...}} app what the others know */
  constructor(app) {
    this.app = app;
    this.size = 1;
    this.isDoubtfulOnly = false;
    this.tiles = [];
    this.columns = new Map();
    // The focus comes here where no cell can have it.
    this.root = element("div", {
      class: "columns",
      role: "group",
      "aria-label": "Cells by class",
      tabindex: -1,
    });
    app.data.classes.forEach((_, number) => this.addColumn(number));
    this.addColumn(UNSURE);
    if (app.data.cells.some((cell) => cell.isCut)) this.addColumn(CUT);
    app.data.cells.forEach((cell, index) => this.addTile(cell, index));
    this.sortAll();
  }

  addColumn(id) {
    const { app } = this;
    const isClass = typeof id === "number";
    const name = isClass ? app.data.classes[id].name : id === UNSURE ? "not sure" : "cut off";
    const mark = element("span", { class: "mark" });
    mark.textContent = isClass ? app.code(id) : id === UNSURE ? "?" : "✂";
    mark.style.setProperty("--kind", app.colour(isClass ? id : null));
    const count = element("output", { class: "count" });
    const list = element("div", { class: "cells", role: "listbox", "aria-multiselectable": "true" });
    list.setAttribute("aria-label", name);
    const head = element("header", { title: app.meaning(id) }, mark, element("span", { class: "name" }));
    head.children[1].textContent = name;
    if (isClass && id < 9) head.append(element("kbd", {}, String(id + 1)));
    head.append(count);
    const column = element("section", { "aria-label": name }, head, list);
    column.dataset.column = String(id);
    column.addEventListener("dragover", (event) => {
      if (!this.dragged || id === CUT) return;
      event.preventDefault();
      column.classList.add("over");
    });
    column.addEventListener("dragleave", (event) => {
      if (!column.contains(event.relatedTarget)) column.classList.remove("over");
    });
    column.addEventListener("drop", (event) => {
      event.preventDefault();
      column.classList.remove("over");
      // After a drag the picture stays at its field.
      if (this.dragged) app.move(this.dragged, isClass ? id : null, false);
    });
    this.columns.set(id, { column, list, count });
    this.root.append(column);
  }

  addTile(cell, index) {
    const tile = element("div", { class: "tile", role: "option", tabindex: -1 });
    tile.dataset.cell = String(index);
    tile.draggable = !cell.isCut;
    tile.addEventListener("click", (event) => this.app.onTile(index, event));
    tile.addEventListener("dragstart", (event) => {
      if (!this.app.chosen.has(index)) this.app.choose([index], index);
      this.dragged = [...this.app.chosen];
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", `${this.dragged.length}`);
      if (this.dragged.length > 1) this.drawBadge(event);
    });
    tile.addEventListener("dragend", () => {
      this.dragged = null;
      this.badge?.remove();
      for (const { column } of this.columns.values()) column.classList.remove("over");
    });
    this.tiles.push(tile);
    this.resizeTile(index);
  }

  drawBadge(event) {
    this.badge = element("div", { class: "badge" }, `${this.dragged.length} cells`);
    this.root.parentNode.append(this.badge);
    event.dataTransfer.setDragImage(this.badge, -8, -8);
  }

  resizeTile(index) {
    const cell = this.app.data.cells[index];
    const size = Math.round(cell.sideUm * SIZES[this.size]);
    const picture = fromSheet(this.app.data.sheets[cell.field].field, cell.place, size);
    const number = element("span", { class: "number" });
    number.textContent = this.app.numberOf(cell);
    this.tiles[index].replaceChildren(picture, number);
  }

  resize(by) {
    const size = Math.min(SIZES.length - 1, Math.max(0, this.size + by));
    if (size === this.size) return;
    this.size = size;
    this.tiles.forEach((_, index) => this.resizeTile(index));
  }

  columnOf(index) {
    return this.app.data.cells[index].isCut ? CUT : (this.app.review.kind(index) ?? UNSURE);
  }

  /** Probability that a column is sorted by: of its class, or of the first one. */
  rank(index) {
    const cell = this.app.data.cells[index];
    const kind = this.app.review.kind(index) ?? cell.top;
    return cell.probabilities[kind];
  }

  sortAll() {
    for (const [id, { list }] of this.columns) {
      const mine = [...this.tiles.keys()].filter((index) => this.columnOf(index) === id);
      const sorted = mine.sort((a, b) => this.rank(b) - this.rank(a) || a - b);
      list.replaceChildren(...sorted.map((index) => this.tiles[index]));
    }
    this.tiles.forEach((_, index) => this.paint(index));
    this.tell();
    this.share();
  }

  /** Gives columns widths by what they hold; they keep them while cells move one by one. */
  share() {
    for (const { column, list } of this.columns.values()) {
      column.style.setProperty("--grow", String(Math.sqrt(list.children.length)));
    }
  }

  /** Puts cells where their class is now. */
  place(cells) {
    for (const index of cells) {
      const { list } = this.columns.get(this.columnOf(index));
      const tile = this.tiles[index];
      tile.remove();
      const next = [...list.children].find((other) => {
        const there = Number(other.dataset.cell);
        const lead = this.rank(index) - this.rank(there);
        return lead > 0 || (lead === 0 && index < there);
      });
      list.insertBefore(tile, next ?? null);
      this.paint(index);
    }
    this.tell();
  }

  paint(index) {
    const { app } = this;
    const tile = this.tiles[index];
    const cell = app.data.cells[index];
    const isChosen = app.chosen.has(index);
    tile.classList.toggle("chosen", isChosen);
    tile.classList.toggle("open", app.opened === index);
    tile.classList.toggle("corrected", app.review.isCorrected(index));
    tile.classList.toggle("doubtful", app.isDoubtful(index));
    tile.tabIndex = app.opened === index ? 0 : -1;
    tile.setAttribute("aria-selected", String(isChosen));
    tile.hidden = this.isDoubtfulOnly && !app.isDoubtful(index) && !isChosen;
    const words = `${app.data.fields[cell.field].label}, cell ${cell.number}: ${app.nameOf(index)}`;
    tile.setAttribute("aria-label", words);
    tile.title = words;
  }

  tell() {
    for (const [id, { column, list, count }] of this.columns) {
      const shown = [...list.children].filter((tile) => !tile.hidden).length;
      const n = list.children.length;
      count.textContent = this.isDoubtfulOnly && shown !== n ? `${shown}/${n}` : String(n);
      column.classList.toggle("empty", n === 0);
    }
    const visible = this.inOrder();
    if (visible.length && !visible.includes(this.app.opened)) {
      this.tiles[visible[0]].tabIndex = 0; // the way in by the keyboard
    }
  }

  filter(isDoubtfulOnly) {
    this.isDoubtfulOnly = isDoubtfulOnly;
    this.tiles.forEach((_, index) => this.paint(index));
    this.tell();
  }

  /** Cells that are seen, column by column. */
  inOrder() {
    return [...this.columns.values()].flatMap(({ list }) =>
      [...list.children].filter((tile) => !tile.hidden).map((tile) => Number(tile.dataset.cell)),
    );
  }

  /** The next cell in a direction, as it lies on the screen; the one itself where there is none. */
  beside(index, [dx, dy]) {
    const middle = (each) => {
      const { left, top, width, height } = this.tiles[each].getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    };
    const [x, y] = middle(index);
    let best = index;
    let least = Infinity;
    for (const other of this.inOrder()) {
      const [ox, oy] = middle(other);
      const along = (ox - x) * dx + (oy - y) * dy;
      const across = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along > 3 && along + 2.5 * across < least) {
        least = along + 2.5 * across;
        best = other;
      }
    }
    return best;
  }

  /** The cell that takes the place of these when they leave their column; null without one. */
  successor(cells) {
    const last = cells.includes(this.app.opened) ? this.app.opened : cells.at(-1);
    const { list } = this.columns.get(this.columnOf(last));
    const seen = [...list.children].filter((tile) => !tile.hidden);
    const order = seen.map((tile) => Number(tile.dataset.cell));
    const at = order.indexOf(last);
    const others = [...order.slice(at + 1), ...order.slice(0, at).reverse()];
    return others.find((index) => !cells.includes(index)) ?? null;
  }

  /** Whether a cell is on the screen, and can have the focus. */
  isSeen(index) {
    return this.tiles[index].getClientRects().length > 0;
  }

  focus(index) {
    this.tiles[index].focus({ preventScroll: true });
    this.tiles[index].scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
