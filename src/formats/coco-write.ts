/** Writing COCO: three passes over the rows, so that images and annotations stream. */
import { boxCorners, polygonArea, type Size } from '../core/geometry.ts';
import type { JsonObject } from '../core/json.ts';
import { maskToCounts } from './coco-mask.ts';
import type { ExportRows, WriteOptions } from './format.ts';
import { boundsOfForm, type LabeledImage, labeledImage, labelOrder, type Shape } from './shapes.ts';

/** Labels first, then images, then annotations. Tasks whose image has no known size are left out and told. */
export async function* writeCoco(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<string> {
  // What is lost is told by the first pass.
  const { onLoss: _, ...quietly } = options;
  const found = new Set<string>();
  const pointNames = new Map<string, string[]>();
  for await (const { labeled } of labeledImages(rows, options)) {
    for (const figure of figuresOf(labeled)) {
      found.add(figure.label);
      const names = pointNames.get(figure.label) ?? [];
      for (const point of figure.points) if (!names.includes(point.label)) names.push(point.label);
      if (names.length > 0) pointNames.set(figure.label, names);
    }
  }
  const labels = labelOrder(options.config, found).filter((label) => found.has(label) || pointNames.size === 0);
  const categories = labels.map((name, id) => {
    const keypoints = pointNames.get(name);
    return { id, name, supercategory: '', ...(keypoints === undefined ? {} : { keypoints, skeleton: [] }) };
  });
  yield `{"info":{"description":"Exported by Headstart"},"categories":${JSON.stringify(categories)},"images":[`;
  let before = '\n';
  for await (const { id, labeled } of labeledImages(rows, quietly)) {
    yield before + JSON.stringify({ id, file_name: labeled.image, ...labeled.size });
    before = ',\n';
  }
  yield '\n],"annotations":[';
  before = '\n';
  let annotation = 0;
  for await (const { id, labeled } of labeledImages(rows, quietly)) {
    for (const figure of figuresOf(labeled)) {
      annotation += 1;
      const names = pointNames.get(figure.label) ?? [];
      const category = labels.indexOf(figure.label);
      yield before +
        JSON.stringify({
          id: annotation,
          image_id: id,
          category_id: category,
          ...toAnnotation(figure, labeled, names),
        });
      before = ',\n';
    }
  }
  yield '\n]}\n';
}

type SizedImage = LabeledImage & { readonly size: Size };

/** Tasks whose image has a size, numbered by the task. */
async function* labeledImages(
  rows: ExportRows,
  options: WriteOptions,
): AsyncGenerator<{ id: number; labeled: SizedImage }> {
  for await (const row of rows()) {
    const labeled = labeledImage(row, options.config);
    if (labeled?.size == null) {
      options.onLoss?.(row.task.id, 'The task has no image or the size of its image is not known; it is left out.');
      continue;
    }
    for (const message of labeled.lost) options.onLoss?.(row.task.id, message);
    yield { id: row.task.id, labeled: labeled as SizedImage };
  }
}

/** One annotation of COCO: a shape with its key points, or a key point of its own. */
interface Figure {
  readonly label: string;
  readonly shape: Shape;
  readonly points: readonly Shape[];
}

function figuresOf(image: LabeledImage): Figure[] {
  const bodies = image.shapes.filter((shape) => shape.form.kind !== 'point');
  const ids = new Set(bodies.map((shape) => shape.id));
  const points = image.shapes.filter((shape) => shape.form.kind === 'point');
  const owned = (body: Shape) => points.filter((point) => point.parent !== null && point.parent === body.id);
  const free = points.filter((point) => point.parent === null || !ids.has(point.parent));
  return [
    ...bodies.map((shape) => ({ label: shape.label, shape, points: owned(shape) })),
    ...free.map((shape) => ({ label: shape.label, shape, points: [shape] })),
  ];
}

function toAnnotation({ shape, points }: Figure, image: SizedImage, names: readonly string[]): JsonObject {
  const { size } = image;
  const { x, y, width, height } = boundsOfForm(shape.form, size);
  const { form } = shape;
  const base = {
    bbox: [x, y, width, height],
    iscrowd: 0,
    ignore: 0,
    ...(shape.score === null ? {} : { score: shape.score }),
  };
  const keypoints = points.length === 0 ? {} : toKeypoints(points, names);
  if (form.kind === 'polygon')
    return { ...base, area: polygonArea(form.points), segmentation: [form.points.flat()], ...keypoints };
  if (form.kind === 'mask') {
    const counts = maskToCounts(form.mask, size);
    const area = form.mask.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0);
    return { ...base, area, segmentation: { counts, size: [size.height, size.width] }, ...keypoints };
  }
  if (form.kind === 'box' && form.box.rotation !== 0) {
    const corners = boxCorners(form.box);
    const attributes = { rotation: form.box.rotation };
    return { ...base, area: polygonArea(corners), segmentation: [corners.flat()], attributes, ...keypoints };
  }
  return { ...base, area: width * height, segmentation: [], ...keypoints };
}

/** x, y, visibility for every name of the category; 0, 0, 0 where the figure has no such point. */
function toKeypoints(points: readonly Shape[], names: readonly string[]): JsonObject {
  const keypoints = names.flatMap((name) => {
    const form = points.find((point) => point.label === name)?.form;
    return form?.kind === 'point' ? [...form.point, 2] : [0, 0, 0];
  });
  return { keypoints, num_keypoints: points.length };
}
