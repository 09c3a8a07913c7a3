// An author writes one import: the words come with the kit.
@_exported public import CorpusModel
