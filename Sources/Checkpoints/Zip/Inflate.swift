import Bytes
import CZlib

// The one file that calls zlib. Unsafe: zlib gets raw pointers into the input and the output; both
// counts are set from buffers whose bounds Swift checked, and zlib never writes past `avail_out`.

/// The deflate stream in `range` of `storage`, expanded to exactly `byteCount` bytes.
///
/// - Throws: `zip.inflate` for a damaged stream; `zip.inflate_size` when it holds more or fewer
///   bytes, or ends before its data do.
func inflated(
  _ storage: ByteStorage, _ range: Range<Int>, byteCount: Int, entry: String
) throws(Failure) -> ByteStorage {
  var outcome = Outcome.damaged
  let result = ByteStorage(byteCount: byteCount) { output in
    storage.withUnsafeBytes { input in
      outcome = inflateAll(UnsafeRawBufferPointer(rebasing: input[range]), into: output)
    }
  }
  switch outcome {
  case .exact: return result
  case .damaged:
    throw Failure(
      .badInput, code: "zip.inflate", "the compressed data of a zip entry are damaged",
      place: "entry \(printable(entry))")
  case .otherSize:
    throw Failure(
      .badInput, code: "zip.inflate_size",
      "the compressed data of a zip entry do not expand to the announced \(byteCount) bytes",
      place: "entry \(printable(entry))")
  }
}

private enum Outcome {
  case exact
  case damaged
  case otherSize
}

private func inflateAll(
  _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
) -> Outcome {
  var stream = z_stream()
  // Negative window bits: a raw deflate stream without zlib header, as zip has it.
  let version = ZLIB_VERSION
  guard inflateInit2_(&stream, -15, version, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    return .damaged
  }
  defer { inflateEnd(&stream) }
  // Room for one byte more shows a stream that does not stop where it should.
  var spare: UInt8 = 0
  var read = 0
  var written = 0
  while true {
    // zlib counts in 32 bits, so feed it at most 1 GiB a call.
    let inputCount = min(input.count - read, 1 << 30)
    let outputCount = min(output.count - written, 1 << 30)
    var status = Z_OK
    withUnsafeMutablePointer(to: &spare) { spare in
      stream.next_in = UnsafeMutablePointer(
        mutating: input.baseAddress?.advanced(by: read).assumingMemoryBound(to: UInt8.self))
      stream.avail_in = uInt(inputCount)
      stream.next_out =
        outputCount > 0
        ? output.baseAddress?.advanced(by: written).assumingMemoryBound(to: UInt8.self) : spare
      stream.avail_out = uInt(max(outputCount, 1))
      status = inflate(&stream, Z_NO_FLUSH)
    }
    let consumed = inputCount - Int(stream.avail_in)
    let produced = max(outputCount, 1) - Int(stream.avail_out)
    read += consumed
    if outputCount == 0, produced > 0 { return .otherSize }
    written += produced
    switch status {
    case Z_STREAM_END: return read == input.count && written == output.count ? .exact : .otherSize
    case Z_OK where consumed > 0 || produced > 0: continue
    case Z_OK, Z_BUF_ERROR: return .otherSize
    default: return .damaged
    }
  }
}
