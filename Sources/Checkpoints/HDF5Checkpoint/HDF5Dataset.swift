import Bytes
import CHDF5
import Tensors

/// A dataset that passed every check except those that need its elements.
struct HDF5Dataset: ~Copyable {
  let handle: HDF5Handle
  let element: ElementType
  let shape: Shape
  /// Sizes of a chunk along each axis; nil when the elements are stored in one piece.
  let chunk: [Int]?
  /// Filters of the chunks, in the order in which they were applied.
  let filters: [Filter]
  /// Bytes in the file that hold the elements.
  let storedByteCount: Int
  /// Bytes that reading produces, counting chunks whole.
  let producedByteCount: Int
  /// Bytes of a contiguous dataset in the file; nil for the others and for empty ones.
  let extent: Range<Int>?

  /// Offset of the elements, if the file stores them as needed in memory; nil otherwise.
  var directOffset: Int? { element.isLittleEndian ? extent?.lowerBound : nil }

  /// Maximum bytes of one chunk: far above the choice of any writer, far below any harm.
  static let maximumChunkByteCount = 64 << 20
  /// Deflate cannot shrink anything more than 1032 times.
  static let maximumRatio = 1100

  /// The dataset `handle`, checked; `place` is its path.
  ///
  /// Layout and filters are looked at first, since asking a virtual dataset for its extent may open
  /// other files.
  /// - Throws: `h5.external_storage`, `h5.virtual`, `h5.filter`, `h5.layout`, `h5.datatype`,
  ///   `h5.expansion`, `h5.chunk`, `h5.address`, `h5.object_header`, `tensor.shape`.
  static func check(
    _ handle: consuming HDF5Handle, place: String
  ) throws(Failure) -> HDF5Dataset {
    let properties = try HDF5Handle(
      H5Dget_create_plist(handle.id),
      orThrow: refusal("h5.object_header", "the header of a dataset cannot be read", at: place))
    let layout = try StorageLayout(properties, place)
    let shape = try shape(of: handle, place)
    let element = try ElementType.of(handle, place: place)
    let byteCount = shape.elementCount * element.dtype.byteCount
    guard let stored = Int(exactly: H5Dget_storage_size(handle.id)) else {
      throw refusal("h5.address", "impossible size of stored data", at: place)
    }
    if shape.elementCount > 0, stored == 0 {
      throw refusal(
        "h5.expansion", "\(byteCount) bytes are declared, and none are stored", at: place)
    }
    if layout.isChunked {
      let chunk = try layout.chunk(properties, shape, element.dtype, place)
      let produced = try checkChunks(handle, chunk, shape, element.dtype, stored, place)
      return HDF5Dataset(
        handle: handle, element: element, shape: shape, chunk: chunk,
        filters: layout.filters, storedByteCount: stored, producedByteCount: produced, extent: nil)
    }
    guard stored == byteCount else {
      throw refusal(
        "h5.layout", "\(stored) bytes are stored where \(shape) takes \(byteCount)", at: place)
    }
    let extent = try layout.isContiguous ? extent(of: handle, byteCount, place) : nil
    return HDF5Dataset(
      handle: handle, element: element, shape: shape, chunk: nil, filters: [],
      storedByteCount: stored, producedByteCount: byteCount, extent: extent)
  }

  private static func shape(
    of handle: borrowing HDF5Handle, _ place: String
  ) throws(Failure) -> Shape {
    let space = try HDF5Handle(
      H5Dget_space(handle.id),
      orThrow: refusal("h5.object_header", "the shape of a dataset cannot be read", at: place))
    switch H5Sget_simple_extent_type(space.id) {
    case H5S_SCALAR: return Shape([])
    case H5S_SIMPLE: break
    default: throw refusal("h5.layout", "a dataset without a shape holds no tensor", at: place)
    }
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard (1...Shape.maximumRank).contains(rank) else {
      throw refusal(
        "h5.layout", "\(rank) axes; at most \(Shape.maximumRank) are supported", at: place)
    }
    var sizes = [hsize_t](repeating: 0, count: rank)
    guard H5Sget_simple_extent_dims(space.id, &sizes, nil) == rank else {
      throw refusal("h5.object_header", "the shape of a dataset cannot be read", at: place)
    }
    do throws(Failure) {
      return try Shape(checking: sizes.map { Int(exactly: $0) ?? -1 })
    } catch {
      // A size that needs more than 40 bits is a bomb before it is anything else.
      throw refusal("h5.expansion", "the declared shape \(sizes) is far too large", at: place)
    }
  }

  /// Every chunk must be there, and not claim more than deflate can hold.
  /// - Returns: The bytes of all chunks.
  private static func checkChunks(
    _ handle: borrowing HDF5Handle, _ chunk: [Int], _ shape: Shape, _ dtype: DType, _ stored: Int,
    _ place: String
  ) throws(Failure) -> Int {
    var chunkCount = 1
    for (size, step) in zip(shape.dimensions, chunk) {
      guard let product = checkedProduct(chunkCount, size / step + (size % step == 0 ? 0 : 1))
      else { throw refusal("h5.expansion", "too many chunks", at: place) }
      chunkCount = product
    }
    guard
      let produced = checkedProduct(chunkCount, chunk.reduce(dtype.byteCount, *)),
      produced / maximumRatio <= stored
    else {
      throw refusal(
        "h5.expansion", "\(stored) stored bytes cannot hold \(chunkCount) chunks of \(chunk)",
        at: place)
    }
    var found: UInt64 = 0
    guard chdf5_chunk_count(handle.id, &found) >= 0 else {
      throw refusal("h5.chunk", "the index of the chunks cannot be read", at: place)
        .withLibraryMessage()
    }
    guard found == chunkCount else {
      throw refusal("h5.chunk", "\(found) of \(chunkCount) chunks are stored", at: place)
    }
    return produced
  }

  private static func extent(
    of handle: borrowing HDF5Handle, _ byteCount: Int, _ place: String
  ) throws(Failure) -> Range<Int>? {
    if byteCount == 0 { return nil }
    guard let start = Int(exactly: H5Dget_offset(handle.id)), start > 0,
      let end = checkedSum(start, byteCount)
    else { throw refusal("h5.address", "the data have no address in the file", at: place) }
    return start..<end
  }
}

/// Filters of chunks; the numbers are those of the format.
enum Filter: Int32 {
  case deflate = 1
  case shuffle = 2
  case fletcher32 = 3
}

/// Where and how the elements of a dataset are stored.
private struct StorageLayout {
  let isChunked: Bool
  let isContiguous: Bool
  let filters: [Filter]

  /// Passes for storage in the file itself, with known filters.
  init(_ properties: borrowing HDF5Handle, _ place: String) throws(Failure) {
    let layout = H5Pget_layout(properties.id)
    if layout == H5D_VIRTUAL {
      throw refusal(
        "h5.virtual", "a virtual dataset, which refers to data of other datasets", at: place,
        hint: "copy the data into a plain dataset")
    }
    let externalCount = H5Pget_external_count(properties.id)
    guard externalCount == 0 else {
      throw refusal(
        "h5.external_storage", "a dataset whose data are in another file", at: place,
        hint: "copy the data into a plain dataset")
    }
    guard [H5D_COMPACT, H5D_CONTIGUOUS, H5D_CHUNKED].contains(where: { $0 == layout }) else {
      throw refusal("h5.layout", "the storage layout is unknown", at: place)
    }
    isChunked = layout == H5D_CHUNKED
    isContiguous = layout == H5D_CONTIGUOUS
    filters = try StorageLayout.filters(properties, place)
  }

  private static let filterNames: [Int32: String] = [
    4: "szip", 5: "n-bit", 6: "scale-offset", 307: "bzip2", 32000: "lzf", 32001: "blosc",
    32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd", 32026: "blosc2",
  ]

  /// Deflate, shuffle and fletcher32, each at most once.
  private static func filters(
    _ properties: borrowing HDF5Handle, _ place: String
  ) throws(Failure) -> [Filter] {
    let count = H5Pget_nfilters(properties.id)
    guard count >= 0, count <= 32 else {
      throw refusal("h5.filter", "the filters cannot be read", at: place)
    }
    var filters: [Filter] = []
    for index in 0..<count {
      let number = chdf5_filter(properties.id, UInt32(index))
      guard let filter = Filter(rawValue: number) else {
        let name = filterNames[number].map { " (\($0))" } ?? ""
        throw refusal(
          "h5.filter", "filter \(number)\(name) is not supported", at: place,
          hint: "write the file with gzip or without compression")
      }
      guard !filters.contains(filter) else {
        throw refusal("h5.filter", "the filter \(filter) is applied twice", at: place)
      }
      filters.append(filter)
    }
    return filters
  }

  /// The sizes of a chunk, which the library has read but not weighed.
  func chunk(
    _ properties: borrowing HDF5Handle, _ shape: Shape, _ dtype: DType, _ place: String
  ) throws(Failure) -> [Int] {
    var sizes = [hsize_t](repeating: 0, count: 33)
    let rank = Int(H5Pget_chunk(properties.id, 32, &sizes))
    guard rank == shape.rank, rank > 0 else {
      throw refusal("h5.layout", "chunks of \(rank) axes for a shape of \(shape.rank)", at: place)
    }
    var byteCount = dtype.byteCount
    var chunk: [Int] = []
    for size in sizes[..<rank] {
      guard let axis = Int(exactly: size), axis > 0,
        let product = checkedProduct(byteCount, axis),
        product <= HDF5Dataset.maximumChunkByteCount
      else {
        throw refusal("h5.layout", "impossible or huge chunks \(Array(sizes[..<rank]))", at: place)
      }
      byteCount = product
      chunk.append(axis)
    }
    return chunk
  }
}
