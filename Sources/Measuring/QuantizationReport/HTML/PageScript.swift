/// The script for the page's buttons, which sort tables and filter rows.
///
/// Without it everything is shown, in order.
enum PageScript {
  static let text: StaticString = """
    "use strict";
    for (const table of document.querySelectorAll("table.sortable")) {
      const body = table.tBodies[0];
      const titles = [...table.tHead.rows[0].cells];
      const key = (row, column) => {
        const cell = row.cells[column];
        return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
      };
      titles.forEach((title, column) => {
        title.querySelector("button").addEventListener("click", () => {
          const down = title.getAttribute("aria-sort") !== "descending";
          for (const other of titles) other.removeAttribute("aria-sort");
          title.setAttribute("aria-sort", down ? "descending" : "ascending");
          const sign = down ? -1 : 1;
          const rows = [...body.rows].map((row, index) => ({row, index, key: key(row, column)}));
          rows.sort((a, b) => {
            const [isA, isB] = [typeof a.key === "number", typeof b.key === "number"];
            if (isA !== isB) return isA ? -1 : 1;
            if (!isA && (a.key === "\\u2013") !== (b.key === "\\u2013")) {
              return a.key === "\\u2013" ? 1 : -1;
            }
            const order = isA ? a.key - b.key : a.key.localeCompare(b.key, "en", {numeric: true});
            return order !== 0 ? sign * order : a.index - b.index;
          });
          body.append(...rows.map((entry) => entry.row));
        });
      });
    }
    for (const group of document.querySelectorAll(".filter")) {
      const rows = [...group.parentElement.querySelectorAll("tr[data-kind]")];
      const buttons = [...group.querySelectorAll("button")];
      for (const button of buttons) {
        button.addEventListener("click", () => {
          for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
          const kind = button.dataset.show;
          for (const row of rows) row.hidden = kind !== "" && row.dataset.kind !== kind;
        });
      }
    }
    """
}
