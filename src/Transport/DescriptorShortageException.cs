namespace BoxerMpi.Transport;

/// <summary>The process, or the system, had no file descriptor for what was to be opened; there may be one a moment later.</summary>
/// <param name="what">What could not be opened.</param>
internal sealed class DescriptorShortageException(string what) : IOException($"{what} cannot be had: {DescriptorLimit.Shortage}.");
