// Arithmetic on numbers from a file: overflow gives nil; it never traps or wraps around.

/// `a + b`, or nil on overflow.
public func checkedSum(_ a: Int, _ b: Int) -> Int? {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? nil : sum
}

/// `a * b`, or nil on overflow.
public func checkedProduct(_ a: Int, _ b: Int) -> Int? {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? nil : product
}

/// `start ..< start + count`, or nil if that is not a range inside `bounds`.
public func checkedRange(start: Int, count: Int, in bounds: Range<Int>) -> Range<Int>? {
  guard start >= bounds.lowerBound, count >= 0, let end = checkedSum(start, count),
    end <= bounds.upperBound
  else { return nil }
  return start..<end
}

/// The first multiple of `alignment` (at least 1) from `value` (not negative) on, or nil on
/// overflow.
public func checkedAlign(_ value: Int, to alignment: Int) -> Int? {
  guard value >= 0, alignment >= 1 else { return nil }
  let rest = value % alignment
  return rest == 0 ? value : checkedSum(value, alignment - rest)
}
