/** A table `[256]` of ids to ids, applied in place. */
export function applyTable(labels: Uint8Array, table: ArrayLike<number>): void {
  for (let i = 0; i < labels.length; i++) labels[i] = table[labels[i]];
}
