public import Detector
public import Workbench

/// Everything that a server offers.
public struct AllEndpoints: Sendable {
  public let endpoints: [Endpoint]

  /// `allowedHosts` are those from which pictures are fetched; without `detector` nothing is found by
  /// words.
  public init(_ workbench: Workbench, allowedHosts: [String] = [], detector: Detector? = nil) {
    let remote = RemotePictures(hosts: allowedHosts, byteLimit: workbench.limits.pictureBytes)
    endpoints =
      PageEndpoints().endpoints + ServiceEndpoints(workbench).endpoints
      + PictureEndpoints(workbench, remote: remote).endpoints
      + DetectEndpoints(workbench, detector).endpoints
      + VideoEndpoints(workbench).endpoints + JobEndpoints(workbench).endpoints
  }
}
