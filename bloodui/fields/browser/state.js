// What the reader did to the cells, with undo. Knows no element of the page.

const MOST_MOVES = 500;

// Where a document was left, by the visit: an element that is drawn anew in the same
// visit goes on from here.
const left = new Map();

/**
 * A move is a list of [cell, to]: the number of a class, or null for what the model says itself.
 * Of the moves the first `done` hold; those behind were undone, and may be done again.
 */
export class Review {
  constructor(data) {
    this.visit = data.visit;
    this.cells = data.cells;
    const before = left.get(data.visit) ?? { moves: data.moves, done: data.done };
    this.moves = before.moves;
    this.done = before.done;
    this.work();
  }

  work() {
    this.given = new Map();
    for (const move of this.moves.slice(0, this.done)) {
      for (const [cell, to] of move) {
        if (to === null) this.given.delete(cell);
        else this.given.set(cell, to);
      }
    }
  }

  /** The class of a cell: the reader's, else the model's; null where neither names one. */
  kind(cell) {
    if (this.given.has(cell)) return this.given.get(cell);
    const { decision, top } = this.cells[cell];
    return decision === "answered" ? top : null;
  }

  isCorrected(cell) {
    return this.given.has(cell);
  }

  /** Gives cells a class, or takes back what was given; says which ones changed. */
  move(cells, to) {
    const changing = cells.filter(
      (cell) => !this.cells[cell].isCut && (this.given.get(cell) ?? null) !== to,
    );
    if (!changing.length) return [];
    this.moves = [...this.moves.slice(0, this.done), changing.map((cell) => [cell, to])];
    while (this.moves.length > MOST_MOVES) {
      const [first, second, ...others] = this.moves;
      this.moves = [[...new Map([...first, ...second])], ...others];
    }
    this.done = this.moves.length;
    this.keep();
    return changing;
  }

  undo() {
    if (this.done === 0) return [];
    this.done -= 1;
    this.keep();
    return this.moves[this.done].map(([cell]) => cell);
  }

  redo() {
    if (this.done === this.moves.length) return [];
    this.done += 1;
    this.keep();
    return this.moves[this.done - 1].map(([cell]) => cell);
  }

  keep() {
    this.work();
    left.set(this.visit, { moves: this.moves, done: this.done });
  }

  toServer() {
    return { visit: this.visit, moves: this.moves, done: this.done };
  }
}
