// A table: sorted by the heading that was pressed last, kept row by row while news come in, and a
// list of cards where the screen is narrow.
//   const table = makeTable({ caption, key: (row) => row.id, empty, columns: [
//     { id: "name", title: () => t("name"), value: (row) => row.name },
//     { id: "acts", title: () => t("acts"), isSorted: false, cell: (row) => buttons(row), mark } ] });
//   main.append(table.element); table.show(rows);
// `value` sorts and is shown; `cell` gives other text, or an element, which is built again only
// when `mark(row)` changes. `show(rows)` after a change of language writes the headings anew.

import { make, put, sync } from "./make.js";
import { language } from "./words.js";

export function makeTable({ columns, key, empty, caption, sort = null, onRow = null }) {
  const state = { by: sort?.by ?? null, down: sort?.down ?? false, rows: [] };
  const heads = columns.map((column) => head(column, state, () => paint()));
  const body = make("tbody");
  const none = make("p.none", { hidden: true });
  const title = make("caption.unseen");
  const table = make("table.rows", { hidden: true }, title, make("thead", {}, make("tr", {}, ...heads)), body);
  const element = make("div.table", {}, table, none);

  function paint() {
    put(title, caption());
    put(none, empty());
    columns.forEach((column, index) => paintHead(heads[index], column, state));
    const rows = sorted(state, columns);
    table.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
    const found = new Map(rows.map((row) => [String(key(row)), row]));
    const build = () => make(onRow ? "tr.leads" : "tr", {}, ...columns.map(newCell));
    for (const line of sync(body, [...found.keys()], build)) {
      const row = found.get(line.dataset.key);
      if (onRow) line.onclick = (event) => { if (!event.target.closest("a,button,select")) onRow(row); };
      columns.forEach((column, index) => paintCell(line.children[index], column, row));
    }
  }

  return { element, show(rows) { state.rows = rows; paint(); } };
}

function head(column, state, again) {
  if (column.isSorted === false || !column.value)
    return make(`th${column.kind ? `.${column.kind}` : ""}`, { scope: "col" }, make("span"));
  const button = make("button.sort", { type: "button" });
  button.onclick = () => {
    state.down = state.by === column.id ? !state.down : false;
    state.by = column.id;
    again();
  };
  return make(`th${column.kind ? `.${column.kind}` : ""}`, { scope: "col" }, button);
}

function paintHead(cell, column, state) {
  put(cell.firstChild, column.title());
  if (state.by !== column.id) cell.removeAttribute("aria-sort");
  else cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
}

const newCell = (column) =>
  make(`td${column.kind ? `.${column.kind}` : ""}`, column.isHead ? { role: "rowheader" } : {});

function paintCell(cell, column, row) {
  cell.dataset.title = column.title();
  const mark = column.mark ? `${language()} ${column.mark(row)}` : null;
  if (mark !== null && cell.dataset.mark === mark) return;
  const shown = column.cell ? column.cell(row) : column.value(row);
  if (shown instanceof Node) cell.replaceChildren(shown);
  else put(cell, String(shown ?? ""));
  if (mark !== null) cell.dataset.mark = mark;
  cell.classList.toggle("nothing", cell.textContent === "" && !cell.childElementCount);
}

function sorted({ rows, by, down }, columns) {
  const value = columns.find((column) => column.id === by)?.value;
  if (!value) return rows;
  const compare = new Intl.Collator(language(), { numeric: true }).compare;
  const order = (a, b) => typeof a === "number" && typeof b === "number"
    ? a - b : compare(String(a), String(b));
  const isKnown = (row) => value(row) !== null && value(row) !== undefined && value(row) !== "";
  const known = rows.filter(isKnown).sort((a, b) => order(value(a), value(b)));
  // What is not known comes last in both directions.
  return [...(down ? known.reverse() : known), ...rows.filter((row) => !isKnown(row))];
}
