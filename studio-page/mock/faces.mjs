/** Simple drawn faces with their parts: 0 background, 1 skin, 2 nose, 3 eye, 4 brow, 5 ear, 6 mouth, 7 hair, 8 neck, 9 cloth. */

export function face(seed, width, height) {
  const random = randomOf(seed);
  const rgb = new Uint8Array(width * height * 3);
  const parts = new Uint8Array(width * height);
  // The face keeps its shape, and stands in the middle.
  const side = Math.min(width, height);
  const between = (low, high) => low + (high - low) * random();
  const skin = [
    [236, 200, 176],
    [214, 164, 128],
    [160, 108, 76],
    [104, 68, 48],
    [246, 220, 204],
  ][Math.floor(random() * 5)];
  const hair = [
    [40, 30, 26],
    [92, 58, 32],
    [196, 152, 84],
    [120, 120, 124],
    [150, 62, 34],
  ][Math.floor(random() * 5)];
  const cloth = [between(30, 200), between(30, 200), between(40, 210)];
  const ground = [between(60, 210), between(60, 210), between(70, 220)];
  const cx = between(0.46, 0.54),
    cy = between(0.45, 0.5),
    rx = between(0.17, 0.21),
    ry = between(0.23, 0.28);
  const hairTop = between(0.05, 0.09),
    hairSide = between(0.02, 0.07),
    hairLong = between(0.0, 0.35);
  const eyeY = cy - 0.03,
    eyeX = between(0.07, 0.085),
    tilt = between(-0.04, 0.04);
  const inside = (x, y, ex, ey, ax, ay) => ((x - ex) / ax) ** 2 + ((y - ey) / ay) ** 2 <= 1;
  const partAt = (x0, y) => {
    const x = x0 - tilt * (y - cy);
    for (const side of [-1, 1]) {
      if (inside(x, y, cx + side * eyeX, eyeY, 0.033, 0.017)) return 3;
      if (inside(x, y, cx + side * eyeX, eyeY - 0.05 + 0.06 * (x - cx) ** 2, 0.045, 0.011)) return 4;
    }
    if (inside(x, y, cx, cy + 0.045, 0.022 + Math.max(0, 0.25 * (y - cy - 0.01)), 0.055)) return 2;
    if (inside(x, y, cx, cy + 0.145, 0.06, 0.02)) return 6;
    const hairLine = cy - ry * 0.62 + 0.25 * (x - cx) ** 2;
    if (inside(x, y, cx, cy, rx, ry)) return y < hairLine ? 7 : 1;
    for (const side of [-1, 1]) if (inside(x, y, cx + side * (rx + 0.012), cy + 0.01, 0.024, 0.05)) return 5;
    if (inside(x, y, cx, cy - 0.02, rx + hairSide, ry + hairTop) && y < cy + 0.03) return 7;
    if (Math.abs(x - cx) < rx + hairSide && Math.abs(x - cx) > rx * 0.82 && y > cy && y < cy + hairLong)
      return 7;
    if (Math.abs(x - cx) < 0.085 && y > cy + 0.15 && y < cy + ry + 0.1) return 8;
    if (inside(x, y, cx, 1.05, 0.4, 1.05 - (cy + ry + 0.04))) return 9;
    return 0;
  };
  const colours = [
    ground,
    skin,
    skin.map((v) => v * 0.93),
    [245, 245, 245],
    hair.map((v) => v * 0.8),
    skin.map((v) => v * 0.9),
    [176, 82, 82],
    hair,
    skin.map((v) => v * 0.86),
    cloth,
  ];
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const x = (px + 0.5 - width / 2) / side + 0.5,
        y = (py + 0.5 - height / 2) / side + 0.5;
      const part = partAt(x, y);
      const i = py * width + px;
      parts[i] = part;
      let shade =
        1 -
        0.35 * Math.abs(x - cx - 0.06) -
        0.15 * y +
        (part === 7 ? 0.12 * Math.sin(90 * (x + 0.4 * y)) : 0);
      shade += 0.03 * ((Math.sin(px * 12.9898 + py * 78.233 + seed) * 43758.5453) % 1);
      let colour = colours[part];
      if (part === 3)
        for (const side of [-1, 1])
          if (inside(x - tilt * (y - cy), y, cx + side * eyeX, eyeY, 0.015, 0.015)) colour = [60, 44, 40];
      for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.max(0, Math.min(255, colour[c] * shade + 12));
    }
  }
  return { rgb, parts };
}

function randomOf(seed) {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
