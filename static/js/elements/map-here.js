// Where the map of the page is, and where the keyboard halts in a part of it.
export const base = () => document.getElementById("map").dataset.base;

export const stopIn = (element) => (element?.matches("[data-stop]") ? element : element?.querySelector("[data-stop]"));
