// The mosaic of all channels of a layer, and the small one of its first four.

/** How a layer's channels stand in the mosaic, for a page so many pixels wide. */
export function mosaicPlan(values, width) {
  const single = isSingle(values);
  const [wide, narrow] = width >= 560 ? [64, 32] : [32, 16];
  let columns = width >= 560 ? 16 : width >= 300 ? 8 : 4;
  if (single) columns = values.channels > 512 ? wide : narrow;
  if (single && values.channels <= 16) columns = values.channels;
  columns = Math.min(columns, values.channels);
  const repeat = single ? 8 : 1; // one unit is drawn as 8 by 8 pixels
  const tileRows = values.rows * repeat;
  const tileColumns = values.columns * repeat;
  const gap = Math.max(1, Math.floor(Math.min(tileRows, tileColumns) / 8));
  const lines = Math.ceil(values.channels / columns);
  return {
    columns,
    count: values.channels,
    repeat,
    gap,
    stepRows: tileRows + gap,
    stepColumns: tileColumns + gap,
    height: lines * (tileRows + gap) + gap,
    width: columns * (tileColumns + gap) + gap,
    shown: Math.min(width, columns * (single ? 44 : 96)),
  };
}

/** The first four channels, without gaps. */
export function previewPlan({ rows, columns, channels }) {
  const across = Math.min(2, channels);
  const count = Math.min(4, channels);
  const height = Math.ceil(count / across) * rows;
  const steps = { stepRows: rows, stepColumns: columns };
  return { columns: across, count, repeat: 1, gap: 0, ...steps, width: across * columns, height };
}

/** Paint the channels, each in its own scale of grey or all in one. */
export function paintMosaic(canvas, values, plan, shared) {
  const scales = Array.from({ length: plan.count }, (_, i) => scaleOf(values, i, shared));
  paint(canvas, { rows: plan.height, columns: plan.width }, (y, x) => {
    const row = (y % plan.stepRows) - plan.gap;
    const column = (x % plan.stepColumns) - plan.gap;
    const channel =
      Math.floor(y / plan.stepRows) * plan.columns + Math.floor(x / plan.stepColumns);
    if (row < 0 || column < 0 || channel >= plan.count) return null;
    const i = Math.floor(row / plan.repeat);
    const j = Math.floor(column / plan.repeat);
    const { low, high } = scales[channel];
    return grey(valueAt(values, i, j, channel), low, high);
  });
}

/** The top left corner of a channel in the mosaic. */
export function cornerOf(plan, channel) {
  return {
    x: plan.gap + (channel % plan.columns) * plan.stepColumns,
    y: plan.gap + Math.floor(channel / plan.columns) * plan.stepRows,
  };
}
