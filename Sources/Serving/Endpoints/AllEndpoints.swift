public import Workbench

/// Everything that a server offers.
public struct AllEndpoints: Sendable {
  public let endpoints: [Endpoint]

  /// Pictures are fetched only from `allowedHosts`; `words` finds objects if there is a detector.
  public init(
    _ workbench: Workbench, allowedHosts: [String] = [], words: WordFinder? = nil
  ) {
    let words = words ?? WordFinder(workbench, nil)
    let remote = RemotePictures(hosts: allowedHosts, byteLimit: workbench.limits.pictureBytes)
    endpoints =
      PageEndpoints().endpoints + ServiceEndpoints(workbench, words).endpoints
      + PictureEndpoints(workbench, remote: remote).endpoints
      + DetectEndpoints(workbench, words).endpoints
      + VideoEndpoints(workbench).endpoints + JobEndpoints(workbench).endpoints
  }
}
