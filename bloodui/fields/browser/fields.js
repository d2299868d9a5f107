// Fields of smears: picture and gallery of the cells, corrected by keys, by dragging or by touch.
// Streamlit calls the function below with new data, and with the same element. What the reader does
// is shown at once and sent to the server, which checks it and counts.

import { Details } from "./details.js";
import { element, shortAddress } from "./elements.js";
import { CUT, Gallery, UNSURE } from "./gallery.js";
import { Review } from "./state.js";
import { Viewer } from "./viewer.js";

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = [
  ["1–9", "move the chosen cells to that class; the same class again says that you agree"],
  ["0 or Delete", "take your correction back"],
  ["Arrows", "next cell; with Shift, choose it too"],
  ["Ctrl + A", "choose all cells of the column"],
  ["Ctrl + Z, Ctrl + Y", "undo, redo"],
  ["d", "only doubtful cells"],
  ["Esc", "choose none"],
  ["+ − f", "zoom the picture, show it whole (when it has the focus); Ctrl and the wheel zoom, too"],
  ["Page up, Page down", "field before, next field"],
];
const apps = new WeakMap();
let lastInside = null; // what had the focus last, weakly: it holds the cells of a field

export default function ({ data, parentElement, setStateValue }) {
  const before = apps.get(parentElement);
  if (before?.data.visit === data.visit && before.root.isConnected) {
    before.send = setStateValue;
  } else {
    // What is drawn anew, here or in another element, takes the focus that the old one had.
    const isLost = !lastInside?.deref()?.isConnected && document.activeElement === document.body;
    const hadFocus = before?.hasFocus() || (lastInside && isLost);
    before?.end();
    const app = new App(data, setStateValue);
    apps.set(parentElement, app);
    parentElement.append(app.root);
    lastInside = null;
    if (hadFocus) app.keepFocus();
  }
  // Streamlit also cleans up after a call that another one has overtaken: then the page goes on.
  return () => setTimeout(() => parentElement.isConnected || apps.get(parentElement)?.end());
}

class App {
  addresses = [];

  constructor(data, send) {
    this.data = {
      ...data,
      fields: data.fields.map((field) => ({ ...field, picture: this.own(field.picture) })),
      sheets: data.sheets.map(({ field, seen }) => ({
        field: { ...field, address: this.own(field.address) },
        seen: { ...seen, address: this.own(seen.address) },
      })),
      examples: {
        ...data.examples,
        sheet: data.examples.sheet && {
          ...data.examples.sheet,
          address: this.own(data.examples.sheet.address),
        },
      },
    };
    this.send = send;
    this.review = new Review(data);
    this.chosen = new Set();
    this.opened = null;
    this.isSeveral = false;
    this.isOffered = false; // whether the page chose the cell, after another was named
    this.viewer = new Viewer(this);
    this.gallery = new Gallery(this);
    this.details = new Details(this);
    this.told = element("p", { class: "told", role: "status", "aria-live": "polite" });
    this.root = element(
      "div",
      { class: "fields" },
      (this.body = element(
        "div",
        { class: "body" },
        element("div", { class: "main" }, this.viewer.root, this.toolbar(), this.gallery.root, help()),
        element("div", { class: "side" }, this.details.root, this.details.buttons),
      )),
    );
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("focusin", () => (lastInside = new WeakRef(this.root)));
    for (const type of ["keydown", "click", "drop", "dragend"]) {
      this.root.addEventListener(type, () => this.keepFocus()); // after whatever these did
    }
    this.viewer.show(0);
    this.details.paint();
    this.paintBar();
  }

  own(address) {
    this.addresses.push(shortAddress(address));
    return this.addresses.at(-1);
  }

  end() {
    this.viewer.sized.disconnect();
    this.root.remove();
    this.addresses.forEach((address) => URL.revokeObjectURL(address));
  }

  toolbar() {
    const button = (words, command, act) => {
      const made = element("button", { type: "button" }, words);
      made.dataset.command = command;
      made.addEventListener("click", act);
      return made;
    };
    this.undoing = button("↶ Undo", "undo", () => this.undo());
    this.redoing = button("↷ Redo", "redo", () => this.redo());
    this.doubtful = button("Only doubtful", "doubtful", () => this.filter());
    this.doubtful.title = this.data.doubtful;
    this.several = button("Choose several", "several", () => this.chooseSeveral());
    const smaller = button("A−", "smaller", () => this.gallery.resize(-1));
    const larger = button("A+", "larger", () => this.gallery.resize(1));
    smaller.setAttribute("aria-label", "Smaller cells");
    larger.setAttribute("aria-label", "Larger cells");
    return element(
      "div",
      { class: "bar tools" },
      this.undoing,
      this.redoing,
      this.doubtful,
      this.several,
      smaller,
      larger,
      this.told,
    );
  }

  colour(kind) {
    return kind === null ? this.data.unsureColour : this.data.classes[kind].colour;
  }

  code(kind) {
    return kind === null ? "?" : this.data.classes[kind].code;
  }

  numberOf(cell) {
    const { fields } = this.data;
    return fields.length > 1 ? `${fields[cell.field].short}·${cell.number}` : String(cell.number);
  }

  meaning(column) {
    if (column === CUT) return "Cut off by the edge of the picture: not counted";
    if (column === UNSURE) return "The model gives no answer: in no share until you name them";
    const { name, isCounted } = this.data.classes[column];
    return isCounted ? name : `${name}: not counted among the white cells`;
  }

  modelSays(cell) {
    const name = this.data.classes[cell.top].name;
    return cell.decision === "answered" ? name : `not sure, ${name} first`;
  }

  nameOf(index) {
    const cell = this.data.cells[index];
    if (cell.isCut) return "cut off, not counted";
    const kind = this.review.kind(index);
    if (kind === null) return this.modelSays(cell);
    const name = this.data.classes[kind].name;
    if (!this.review.isCorrected(index)) return name;
    const isAgreed = cell.decision === "answered" && cell.top === kind;
    return `${name}, ${isAgreed ? "you agree" : "by you"}`;
  }

  isDoubtful(index) {
    const cell = this.data.cells[index];
    return cell.isDoubtful && !cell.isCut && !this.review.isCorrected(index);
  }

  // What is chosen and open

  /** Chooses cells and opens one; what was said of others before goes, for these words. */
  choose(cells, opened, words = "") {
    this.isOffered = false;
    const changed = new Set([...this.chosen, ...cells, this.opened, opened]);
    this.chosen = new Set(cells);
    this.opened = opened;
    changed.delete(null);
    for (const index of changed) {
      this.gallery.paint(index);
      this.viewer.paint(index);
    }
    if (opened !== null) this.viewer.reveal(opened);
    this.gallery.tell();
    this.details.paint();
    this.told.textContent = words;
    this.body.classList.toggle("choosing", this.chosen.size > 0);
  }

  toggle(index) {
    // The next cell was chosen by the page: who picks several has not picked that one.
    const cells = new Set(this.isOffered ? [] : this.chosen);
    if (!cells.delete(index)) cells.add(index);
    const last = cells.has(index) ? index : ([...cells].at(-1) ?? null);
    this.anchor = index;
    this.choose([...cells], last);
  }

  onTile(index, event) {
    if (event.shiftKey && this.anchor !== undefined) this.chooseUpTo(index);
    else if (event.ctrlKey || event.metaKey || this.isSeveral) this.toggle(index);
    else this.chooseOne(index);
    this.gallery.focus(index);
  }

  onOpen(index, event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || this.isSeveral) this.toggle(index);
    else this.chooseOne(index);
    const tile = this.gallery.tiles[index];
    const { list } = this.gallery.columns.get(this.gallery.columnOf(index));
    if (list.contains(tile)) tile.focus({ preventScroll: true }); // so that keys work at once
    this.gallery.root.scrollTop += offset(tile, this.gallery.root);
  }

  onField(number) {
    this.told.textContent = "";
    // A key would change a cell of the field that was left.
    const chosen = [...this.chosen, ...(this.opened === null ? [] : [this.opened])];
    if (chosen.some((index) => this.data.cells[index].field !== number)) this.choose([], null);
  }

  chooseOne(index, words = "") {
    this.anchor = index;
    this.choose([index], index, words);
  }

  chooseUpTo(index) {
    const order = this.gallery.inOrder();
    const [a, b] = [order.indexOf(this.anchor), order.indexOf(index)];
    if (a < 0 || b < 0) return this.chooseOne(index);
    this.choose(order.slice(Math.min(a, b), Math.max(a, b) + 1), index);
  }

  chooseSeveral() {
    this.isSeveral = !this.isSeveral;
    if (this.isSeveral && this.isOffered) this.choose([], this.opened, this.told.textContent);
    this.several.setAttribute("aria-pressed", String(this.isSeveral));
  }

  filter() {
    this.gallery.filter(!this.gallery.isDoubtfulOnly);
    this.paintBar();
  }

  hasFocus() {
    return this.root.contains(this.root.getRootNode().activeElement);
  }

  /** Keeps the keys alive where a command took away, hid or disabled what had the focus. */
  keepFocus() {
    const active = this.root.getRootNode().activeElement;
    if (this.hasFocus() && !active.disabled && active.getClientRects().length) return;
    const cells = this.opened === null ? [...this.chosen] : [this.opened, ...this.chosen];
    const seen = cells.find((index) => this.gallery.isSeen(index));
    const to = seen === undefined ? this.gallery.root : this.gallery.tiles[seen];
    to.focus({ preventScroll: true });
  }

  // What is corrected

  moveChosen(to) {
    this.move([...this.chosen], to);
  }

  /** Gives cells a class, null for the model's own, and goes on to the next cell, if that is wanted. */
  move(cells, to, goesOn = !this.isSeveral) {
    if (!cells.length) return;
    // To choose several is to tap each of them: then nobody chose the next one.
    const next = goesOn ? this.gallery.successor(cells) : null;
    const isKept = cells.length === 1 && this.review.kind(cells[0]) === to;
    const changed = this.review.move(cells, to);
    if (!changed.length && !isKept) return;
    const words = changed.length ? this.wordsFor(changed, to) : "";
    if (changed.length) this.show(changed, words);
    // What was corrected is chosen no more, or the next key or tap would change it, too.
    if (next === null) this.choose([], this.opened, words);
    else {
      this.choose([next], next, words);
      this.anchor = undefined; // nor does Shift go on from it
      this.isOffered = true;
      this.gallery.focus(next);
    }
  }

  wordsFor(changed, to) {
    const [first] = changed.map((index) => this.numberOf(this.data.cells[index]));
    const what = changed.length === 1 ? `Cell ${first}` : `${changed.length} cells`;
    return to === null ? `${what} as the model says` : `${what} named ${this.data.classes[to].name}`;
  }

  undo() {
    const changed = this.review.undo();
    if (changed.length) this.showAgain(changed, "Undone");
  }

  redo() {
    const changed = this.review.redo();
    if (changed.length) this.showAgain(changed, "Done again");
  }

  /** Shows what was undone or done again; where nothing is chosen, keys go on with these cells. */
  showAgain(changed, words) {
    this.show(changed, words);
    if (!this.chosen.size && !this.isSeveral) this.choose(changed, changed.at(-1), words);
  }

  show(changed, words) {
    this.gallery.place(changed);
    for (const index of changed) this.viewer.paint(index);
    this.details.paint();
    this.told.textContent = words;
    this.paintBar();
    this.send("review", this.review.toServer());
  }

  paintBar() {
    this.undoing.disabled = this.review.done === 0;
    this.redoing.disabled = this.review.done === this.review.moves.length;
    this.doubtful.setAttribute("aria-pressed", String(this.gallery.isDoubtfulOnly));
    this.several.setAttribute("aria-pressed", String(this.isSeveral));
    const n = this.data.cells.filter((_, index) => this.isDoubtful(index)).length;
    this.doubtful.textContent = `Only doubtful (${n})`;
  }

  onKey(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.altKey || !this.act(key, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Does what a key says; false where it says nothing. */
  act(key, event) {
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") event.shiftKey ? this.redo() : this.undo();
      else if (key === "y") this.redo();
      else if (key === "a" && this.opened !== null) this.chooseColumn();
      else return false;
      return true;
    }
    const number = Number(key);
    if (/^[1-9]$/.test(key) && number <= this.data.classes.length) this.moveChosen(number - 1);
    else if (key === "0" || key === "Delete" || key === "Backspace") this.moveChosen(null);
    else if (key === "d") this.filter();
    else if (key === "Escape") this.choose([], this.opened);
    else if (key === "PageUp") this.viewer.turn(-1);
    else if (key === "PageDown") this.viewer.turn(1);
    else if (DIRECTIONS[key]) this.step(DIRECTIONS[key], event.shiftKey);
    else return false;
    return true;
  }

  step(direction, isAdded) {
    const order = this.gallery.inOrder();
    if (!order.length) return;
    const isSeen = order.includes(this.opened);
    const next = isSeen ? this.gallery.beside(this.opened, direction) : order[0];
    if (isAdded) this.choose([...new Set([...this.chosen, next])], next);
    else this.chooseOne(next);
    this.gallery.focus(next);
  }

  chooseColumn() {
    const id = this.gallery.columnOf(this.opened);
    const cells = this.gallery.inOrder().filter((index) => this.gallery.columnOf(index) === id);
    this.choose(cells, this.opened);
  }
}

function offset(tile, box) {
  const [a, b] = [tile.getBoundingClientRect(), box.getBoundingClientRect()];
  if (a.top < b.top) return a.top - b.top - 40;
  return a.bottom > b.bottom ? a.bottom - b.bottom + 8 : 0;
}

function help() {
  const list = element("dl");
  for (const [keys, words] of KEYS) {
    list.append(element("div", {}, element("dt", {}, element("kbd", {}, keys)), element("dd", {}, words)));
  }
  return element("details", { class: "help" }, element("summary", {}, "Keys and mouse"), list,
    element("p", {}, "Drag cells to another column, or tap them and then a class. Click, Shift and Ctrl choose several; two chosen cells are shown side by side. A scissors mark: the edge of the picture cuts the cell, which is not counted."));
}
