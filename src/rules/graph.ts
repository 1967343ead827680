/** Strongly connected components, iteratively (Tarjan 1972): patterns nest deeper than the stack likes. */

/** Component number of each node; components are numbered in reverse topological order (successors first). */
export function components(size: number, next: (node: number) => readonly number[]): Int32Array {
  const component = new Int32Array(size).fill(-1);
  const order = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const open: number[] = [];
  let clock = 0;
  let count = 0;
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue;
    const path: { node: number; at: number; targets: readonly number[] }[] = [];
    const enter = (node: number): void => {
      order[node] = low[node] = clock++;
      open.push(node);
      path.push({ node, at: 0, targets: next(node) });
    };
    enter(root);
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const target = top.targets[top.at++];
      if (target !== undefined) {
        if (order[target] === -1) enter(target);
        else if (component[target] === -1) low[top.node] = Math.min(low[top.node]!, order[target]!);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent) low[parent.node] = Math.min(low[parent.node]!, low[top.node]!);
      if (low[top.node] !== order[top.node]) continue;
      for (let member = open.pop()!; ; member = open.pop()!) {
        component[member] = count;
        if (member === top.node) break;
      }
      count++;
    }
  }
  return component;
}
