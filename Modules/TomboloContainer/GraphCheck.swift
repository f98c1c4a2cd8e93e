/// Finds everything that is wrong with a set of registrations. Pure: no factory runs.
struct GraphCheck {
  private let registrations: [Registration]
  private let overrides: [Registration]
  /// The first registration of each key.
  private let index: [DependencyKey: Registration]

  init(_ registrations: [Registration], overrides: [Registration]) {
    self.registrations = registrations
    self.overrides = overrides
    self.index = Dictionary(registrations.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var problems: [ContainerProblem] {
    duplicates + missing + cycles + captives + idleOverrides
  }

  private var duplicates: [ContainerProblem] {
    var origins: [DependencyKey: [String]] = [:]
    for registration in registrations { origins[registration.key, default: []].append(registration.origin) }
    return uniqueKeys.compactMap { key in
      guard let places = origins[key], places.count > 1 else { return nil }
      return ContainerProblem(
        .duplicate, path: [key],
        message: "\(key) is registered \(places.count) times (\(places.joined(separator: "; "))): keep one, "
          + "tell them apart with `named:`, or use `override` in a test")
    }
  }

  private var missing: [ContainerProblem] {
    registrations.flatMap { registration in
      registration.edges.compactMap { edge in
        guard case .one(let key) = edge, index[key] == nil else { return nil }
        return ContainerProblem(
          .missing, path: [registration.key, key],
          message: "\(registration.key) (\(registration.origin)) needs \(key), which nobody registered: "
            + remedy(for: key))
      }
    }
  }

  private func remedy(for key: DependencyKey) -> String {
    let variants = uniqueKeys.filter { $0.hasSameType(as: key) }
    guard !variants.isEmpty else { return "add `builder.singleton(\(key.registrationText)) { … }`" }
    let offers = variants.map { "`\($0.parameterType)`" }.joined(separator: " or ")
    return "ask for \(offers), or add `builder.singleton(\(key.registrationText)) { … }`"
  }

  /// At least one circle for each knot of parts that need one another.
  private var cycles: [ContainerProblem] {
    var finished: Set<DependencyKey> = []
    var trail: [DependencyKey] = []
    var found: [ContainerProblem] = []
    func visit(_ key: DependencyKey) {
      if let start = trail.firstIndex(of: key) {
        let path = trail[start...] + [key]
        found.append(
          ContainerProblem(
            .cycle, path: Array(path),
            message: "\(Array(path).arrows) is a circle, so none of them can be made first: let one of them "
              + "get the other after both are made, or split off what both need"))
        return
      }
      guard !finished.contains(key) else { return }
      trail.append(key)
      for next in targets(of: key) { visit(next) }
      trail.removeLast()
      finished.insert(key)
    }
    for key in uniqueKeys { visit(key) }
    return found
  }

  /// The paths on which a singleton reaches a scoped part, through transients or at once.
  private var captives: [ContainerProblem] {
    var found: [ContainerProblem] = []
    for key in uniqueKeys where index[key]?.lifetime == .singleton {
      var seen: Set<DependencyKey> = [key]
      var paths = targets(of: key).map { [key, $0] }
      while !paths.isEmpty {
        let path = paths.removeFirst()
        guard let last = path.last, let part = index[last], seen.insert(last).inserted else { continue }
        switch part.lifetime {
        case .singleton: continue
        case .transient: paths += targets(of: last).map { path + [$0] }
        case .scoped:
          found.append(
            ContainerProblem(
              .captive, path: path,
              message: "\(path.arrows): the singleton \(key) would keep \(last), which ends with its scope: "
                + "register \(key) as scoped, or \(last) as singleton"))
        }
      }
    }
    return found
  }

  private var idleOverrides: [ContainerProblem] {
    overrides.compactMap { override in
      guard index[override.key] == nil else { return nil }
      return ContainerProblem(
        .overridesNothing, path: [override.key],
        message: "the override of \(override.key) (\(override.origin)) overrides nothing: remove it, or register "
          + "\(override.key) first with `singleton`, `scoped` or `transient`")
    }
  }

  private func targets(of key: DependencyKey) -> [DependencyKey] {
    guard let registration = index[key] else { return [] }
    return registration.edges.flatMap { edge -> [DependencyKey] in
      switch edge {
      case .one(let key): index[key] == nil ? [] : [key]
      case .all(let key): uniqueKeys.filter { $0.hasSameType(as: key) }
      }
    }
  }

  private var uniqueKeys: [DependencyKey] {
    var seen: Set<DependencyKey> = []
    return registrations.map(\.key).filter { seen.insert($0).inserted }
  }
}
