extension Recipe {
  /// The recipe for a detector whose weights are named `weights`: the picture and text towers run
  /// in int8, as does attention in pictures; the heads stay in float.
  ///
  /// Layers read normalised values, or sums of at most two layers, so none stays in float because
  /// its input channels differ in scale. Text attention stays in float: texts are short, and large
  /// numbers mask their attention.
  public static func detector(weights: [String]) -> Recipe {
    var recipe = Recipe()
    recipe.graphs = ["encode_text", "find_boxes"]
    recipe.floatUnnormalizedGraphs = []
    recipe.attentionGraphs = ["find_boxes"]
    recipe.keepFloat = ["class_head.*", "box_head.*", "objectness_head.*"].filter { pattern in
      weights.contains { matches($0, pattern: pattern) }
    }
    return recipe
  }
}
