// What a learner chooses with: menus, fields, groups of radio buttons.

/** Make a menu: options are [value, text] pairs. */
export function menu(label, options, onchange) {
  const select = create("select", {
    "aria-label": label,
    onchange: () => onchange(select.value),
  });
  for (const [value, text] of options) select.append(create("option", { value }, text));
  return [create("label", { class: "layers-control" }, label, " ", select), select];
}

/** A number field that stays between 0 and `most`. */
export function numberField(label, onchange) {
  const field = create("input", {
    type: "number",
    min: 0,
    step: 1,
    oninput: () => {
      const value = Number(field.value);
      const fits = field.value !== "" && Number.isInteger(value) && value >= 0;
      if (fits && value <= Number(field.max)) onchange(value);
    },
  });
  const element = create("label", { class: "layers-control" }, label, " ", field);
  const set = (value, most) => {
    field.max = most;
    if (field.value !== String(value)) field.value = value;
  };
  return { element, field, set };
}

let groups = 0;

/** A group of radio buttons: one stop of the Tab key, the arrow keys choose. */
export function choices(legend, contents, chosen, onchoose) {
  groups += 1;
  const name = `layers-choices-${groups}`;
  const labels = contents.map((content, i) => {
    const settings = { type: "radio", name, checked: i === chosen };
    const radio = create("input", { ...settings, onchange: () => onchoose(i) });
    return create("label", {}, radio, create("span", {}, ...content));
  });
  const words = create("legend", {}, legend);
  return create("fieldset", { class: "layers-choices" }, words, ...labels);
}
