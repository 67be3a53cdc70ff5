import Bytes
import CSAM2
import JobSupport

/// The boundary of every function that can fail: no error is thrown past it.
///
/// A failure is described in `error`, unless that is null; success clears it.
func call(
  _ error: UnsafeMutablePointer<sam2_error>?, _ body: () throws -> Void
) -> sam2_status {
  let problem: Failure?
  let status: sam2_status
  do throws(Failure) {
    if let error { try checkSize(of: error) }
  } catch {
    return SAM2_USAGE
  }
  do {
    try body()
    (problem, status) = (nil, SAM2_OK)
  } catch let failure as Failure {
    (problem, status) = (failure, sam2_status(failure.kind))
  } catch is CancellationError {
    status = SAM2_CANCELLED
    problem = Failure(.usage, code: "call.cancelled", "the progress function asked for an end")
  } catch {
    status = SAM2_INTERNAL
    problem = Failure(.internalError, code: "call.unexpected", "unexpected error: \(error)")
  }
  if let error { describe(problem, status, in: error) }
  return status
}

/// Like `call`, for a function that returns a handle, which is null after a failure.
func call(
  returning handle: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<sam2_error>?, _ body: () throws -> OpaquePointer
) -> sam2_status {
  handle?.pointee = nil
  return call(error) {
    guard let handle else { throw Failure.null("place for the handle") }
    handle.pointee = try body()
  }
}

private func describe(
  _ problem: Failure?, _ status: sam2_status, in error: UnsafeMutablePointer<sam2_error>
) {
  error.pointee.status = status
  withUnsafeMutableBytes(of: &error.pointee.code) { write(problem?.code ?? "", to: $0) }
  withUnsafeMutableBytes(of: &error.pointee.message) { write(problem?.description ?? "", to: $0) }
}

/// Writes `text` and a terminating zero; text that does not fit is cut between two characters.
private func write(_ text: String, to buffer: UnsafeMutableRawBufferPointer) {
  var bytes = Array(printable(text, limit: buffer.count).utf8.prefix(buffer.count - 1))
  while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
  buffer.copyBytes(from: bytes + [0])
}

extension sam2_status {
  fileprivate init(_ kind: Failure.Kind) {
    // The numbers are the exit codes of the commands.
    self.init(rawValue: UInt32(kind.exitCode))
  }
}

extension Failure {
  /// A pointer that must not be null, described by `noun`.
  static func null(_ noun: String) -> Failure {
    Failure(.usage, code: "argument.null", "the \(noun) is NULL")
  }

  /// An argument or member whose value makes no sense.
  static func argument(_ message: String, hint: String? = nil) -> Failure {
    Failure(.usage, code: "argument.value", message, hint: hint)
  }
}
