import Quantizer

extension Recipe {
  /// For models that are small enough to be computed in double precision.
  static var small: Recipe {
    var recipe = Recipe()
    recipe.minimumSide = 32
    return recipe
  }
}
