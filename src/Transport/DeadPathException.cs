namespace BoxerMpi.Transport;

/// <summary>The way between the two ends of a link carries nothing any more; both ends may be well.</summary>
internal sealed class DeadPathException(string message) : IOException(message);
