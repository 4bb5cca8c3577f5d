namespace BoxerMpi.Transport;

/// <summary>A non-blocking stream of bytes in both directions: the one thing that transports differ in.</summary>
/// <remarks>
/// Everything above (frames, coalescing, matching, credits) is the same for all of them. Called under the engine's gate.
/// </remarks>
internal abstract unsafe class Channel : IDisposable
{
    /// <summary>Result of a read that found the other side's end of stream.</summary>
    public const nint EndOfStream = -1;

    /// <summary>The descriptor to poll, or -1 for channels in memory, which are looked at directly.</summary>
    public virtual int Descriptor => -1;

    /// <summary>Whether a read would find bytes or the end; only asked of channels in memory.</summary>
    public virtual bool CanRead => false;

    /// <summary>Whether a write would find room; only asked of channels in memory.</summary>
    public virtual bool CanWrite => false;

    /// <summary>Both ends, for messages.</summary>
    public abstract string Description { get; }

    /// <summary>Reads into the first piece and, once that is full, into the second.</summary>
    /// <returns>Bytes read, 0 when there are none now, or <see cref="EndOfStream"/>.</returns>
    /// <exception cref="IOException">The connection is broken.</exception>
    public abstract nint Read(byte* first, nint firstLength, byte* second, nint secondLength);

    /// <summary>Writes as much of the pieces as there is room for, in order.</summary>
    /// <returns>Bytes written; 0 when there is no room now.</returns>
    /// <exception cref="IOException">The connection is broken.</exception>
    public abstract nint Write(IoVector* vectors, int count);

    /// <summary>Tells the other side that nothing more will come; what was written still arrives.</summary>
    public abstract void CloseSend();

    /// <summary>Whether what was written gets through, as far as can be known.</summary>
    public virtual PathState LookAtPath() => new(IsClear: true);

    /// <summary>Called once when the channel becomes part of an engine.</summary>
    public virtual void Attach(ProgressEngine engine)
    {
    }

    public abstract void Dispose();
}
