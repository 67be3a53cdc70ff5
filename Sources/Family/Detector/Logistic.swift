import Glibc

/// 1 / (1 + e^-x).
func logistic(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
