extension Recipe {
  /// The recipe for detectors, the names of whose weights are `weights`: the towers of pictures and
  /// texts in int8, and the attention of pictures; the heads stay in float.
  ///
  /// They read normalised values and sums of two layers at most, so no layer stays in float because
  /// its input channels differ in scale. Texts are short and their attention is masked by large
  /// numbers.
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
