public import Bytes

/// A failure to compare with in `#expect(throws:)`: failures are equal when their codes are.
public func failure(_ code: String) -> Failure { Failure(.badInput, code: code, "") }
