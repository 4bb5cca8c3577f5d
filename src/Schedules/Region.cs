namespace BoxerMpi.Schedules;

/// <summary>Which buffer of a collective call a region lies in.</summary>
internal enum BufferKind : byte
{
    /// <summary>What the caller sends; read only.</summary>
    UserSend,

    /// <summary>What the caller receives; the only buffer of calls with one buffer.</summary>
    UserReceive,

    /// <summary>Memory of the executor, of the size that the schedule asks for, with undefined contents.</summary>
    Scratch,
}

/// <summary>Bytes of one of the buffers of a collective call.</summary>
internal readonly record struct Region(BufferKind Buffer, long Offset, long Length)
{
    public long End => Offset + Length;

    public static Region UserSend(long offset, long length) => new(BufferKind.UserSend, offset, length);

    public static Region UserReceive(long offset, long length) => new(BufferKind.UserReceive, offset, length);

    /// <summary>A part of this region.</summary>
    public Region Slice(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset + length > Length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Bytes {offset} to {offset + length} are not within {this}.");
        return new(Buffer, Offset + offset, length);
    }

    public override string ToString() => $"{Buffer}[{Offset}..{End}]";
}
