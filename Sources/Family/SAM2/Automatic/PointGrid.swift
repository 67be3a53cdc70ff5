/// Where the automatic generator clicks, as fractions of a crop's width and height.
enum PointGrid {
  /// The clicks of crop layer `layer`; layer 0 is the whole picture.
  static func points(
    ofLayer layer: Int, _ options: AutomaticMaskOptions
  ) -> [AutomaticMaskOptions.GridPoint] {
    if let grids = options.pointGrids { return grids[layer] }
    return regular(side(ofLayer: layer, options))
  }

  /// Clicks along each side in crop layer `layer`.
  static func side(ofLayer layer: Int, _ options: AutomaticMaskOptions) -> Int {
    var divisor = 1.0
    for _ in 0..<layer { divisor *= Double(options.cropPointsDownscaleFactor) }
    return Int(Double(options.pointsPerSide) / divisor)
  }

  /// `side` x `side` points, row by row, at the centres of equal cells.
  ///
  /// Computed the way NumPy's `linspace` does it, so that clicks agree to the last bit.
  static func regular(_ side: Int) -> [AutomaticMaskOptions.GridPoint] {
    let first = 1 / Double(2 * side)
    let last = 1 - first
    let step = (last - first) / Double(max(side - 1, 1))
    var line = (0..<side).map { Double($0) * step + first }
    if side > 1 { line[side - 1] = last }
    return line.flatMap { y in line.map { x in .init(x: x, y: y) } }
  }
}
