/// The umbrella: everything of Tombolo that needs no driver, with one import. Whoever needs one module imports that one.
@_exported public import TomboloContainer
@_exported public import TomboloNetwork
@_exported public import TomboloOffline
@_exported public import TomboloPorts
@_exported public import TomboloQueue
@_exported public import TomboloResilience
@_exported public import TomboloStorage
