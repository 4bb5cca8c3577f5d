namespace BoxerMpi.Schedules;

/// <summary>A vector cut between elements into nearly equal chunks; the first ones are one element longer.</summary>
internal readonly struct Chunks(long bytes, int elementSize, int count)
{
    private readonly long _short = bytes / elementSize / count;
    private readonly long _longer = bytes / elementSize % count;

    public long Offset(int chunk) => (chunk * _short + Math.Min(chunk, _longer)) * elementSize;

    public long Length(int chunk) => (_short + (chunk < _longer ? 1 : 0)) * elementSize;

    /// <summary>The part of <paramref name="vector"/> that is the chunk.</summary>
    public Region Of(Region vector, int chunk) => vector.Slice(Offset(chunk), Length(chunk));

    /// <summary>The part of <paramref name="vector"/> from one chunk up to another.</summary>
    public Region Of(Region vector, int from, int until) => vector.Slice(Offset(from), Offset(until) - Offset(from));
}
