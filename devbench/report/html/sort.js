"use strict";
// Sorts tables by a click on a heading, and opens what a link leads to. The page is whole without it.
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true });

  const keyOf = (row, index) => {
    const cell = row.cells[index];
    const number = cell.dataset.key;
    return { number: number === undefined ? undefined : Number(number), unit: cell.dataset.unit || "", text: cell.textContent.trim() };
  };

  // In a column of figures, cells without one stay last both ways, and units are not mixed; any other is sorted as text.
  const orderOf = (keys) => {
    const figures = keys.some((one) => one.number !== undefined);
    const missing = (one) => (figures ? one.number === undefined : one.text === "");
    const compare = (one, other) =>
      figures ? one.number - other.number : collator.compare(one.text, other.text);
    return (one, other, sign) => {
      if (missing(one) || missing(other)) return Number(missing(one)) - Number(missing(other));
      return collator.compare(one.unit, other.unit) || sign * compare(one, other);
    };
  };

  const sort = (table, heading, index) => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [keyOf(row, index), row]);
    const order = orderOf(rows.map(([key]) => key));
    rows.sort((one, other) => order(one[0], other[0], descending ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
    table.classList.add("sorted");
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading, index));
    });
  }

  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const closed = target && target.closest("details:not([open])");
    if (closed) {
      closed.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
