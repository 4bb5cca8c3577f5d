using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BoxerMpi.Transport;

/// <summary>Moves the bytes of all links of one rank. The thread that waits drives it (docs/architecture.md, "Progress").</summary>
/// <remarks>
/// <para><see cref="Gate"/> guards the engine, its links and everything the handler keeps. It is held for short stretches only
/// and never while a thread sleeps or user code runs.</para>
/// <para>At most one thread drives at a time. A waiting caller takes over from the background thread; a second waiting
/// caller sleeps until the first one is done and then drives itself.</para>
/// </remarks>
internal sealed unsafe partial class ProgressEngine : IDisposable
{
    /// <summary>What one read of small frames takes; the rest of a large payload goes straight to its target.</summary>
    public const int StagingBytes = 64 * 1024;

    // Beyond this many sources one epoll call costs less than asking every socket.
    private const int DirectReadLimit = 4;

    // How often a step that asks its few sources directly also looks at all others: credit and shutdown may wait, not starve.
    private const int FullLookInterval = 32;

    private const int ReadyLimit = 64;
    private const int PooledChunks = 64;

    private readonly Poller _poller;
    private readonly List<Link?> _links = [];
    private readonly List<Link> _memoryLinks = [];
    private readonly List<Link> _dirty = [];
    private readonly List<Link> _expecting = [];
    private readonly Stack<SendChunk> _chunks = new();
    private int _anySourceWaits;
    private int _stepsSinceFullLook;
    private bool _disposed;

    public ProgressEngine(IFrameHandler handler, Poller? poller = null)
    {
        Handler = handler;
        _poller = poller ?? Poller.Create();
        Staging = (byte*)NativeMemory.Alloc(StagingBytes);
    }

    /// <summary>Guards everything; the first lock to take, and the only one on the data path.</summary>
    public object Gate { get; } = new();

    /// <summary>What its caller does needs the gate; debug builds look whether it has it.</summary>
    [Conditional("DEBUG")]
    public void AssertGate() => Debug.Assert(Monitor.IsEntered(Gate), "the caller holds the gate");

    public IFrameHandler Handler { get; }

    /// <summary>Where bytes arrive whose target is not known yet; emptied by every read.</summary>
    public byte* Staging { get; }

    /// <summary>Counts the waits; a burst of sends lies within one.</summary>
    public long Epoch { get; private set; }

    /// <summary>Set while frames are handled: what they cause to be sent leaves with the next step, not from within.</summary>
    public bool IsReading { get; set; }

    /// <summary>Whether frames wait for the next wait to leave.</summary>
    public bool HasCollectedOutput => _dirty.Count > 0;

    /// <summary>Every open link.</summary>
    public IEnumerable<Link> Links => _links.OfType<Link>();

    /// <summary>Makes a connected channel part of the engine.</summary>
    public Link AddLink(int peer, Channel channel, bool checksums = false)
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Link link = new(this, peer, channel, checksums);
            int slot = _links.IndexOf(null);
            if (slot < 0)
            {
                slot = _links.Count;
                _links.Add(null);
            }

            link.Slot = slot;
            _links[slot] = link;
            channel.Attach(this);
            if (channel.Descriptor >= 0)
            {
                _poller.Add(slot, channel);
                WatchPaths();
            }
            else
            {
                _memoryLinks.Add(link);
            }

            WakeIfSleeping();
            return link;
        }
    }

    /// <summary>Takes a closing link out of all lists.</summary>
    public void Forget(Link link)
    {
        _links[link.Slot] = null;
        if (link.Channel.Descriptor >= 0)
            _poller.Remove(link.Slot, link.Channel);
        else
            _memoryLinks.Remove(link);
        link.Unpark();
        _dirty.Remove(link);
        link.IsDirty = false;
        link.Expecting = 0;
        RemoveExpecting(link);
    }

    /// <summary>Somebody waits for frames of this link (or no longer does).</summary>
    public void Expect(Link link, int change)
    {
        if (link.IsClosed)
            return;
        link.Expecting += change;
        if (change > 0)
            link.Unpark();
        if (link.Expecting > 0 && link.ExpectingIndex < 0)
        {
            link.ExpectingIndex = _expecting.Count;
            _expecting.Add(link);
        }
        else if (link.Expecting <= 0)
        {
            RemoveExpecting(link);
        }
    }

    /// <summary>Somebody waits for frames of any link (or no longer does).</summary>
    public void ExpectAny(int change) => _anySourceWaits += change;

    /// <summary>
    /// After frames were queued: sends them at once if the link was quiet or much has collected, else with the next wait.
    /// </summary>
    /// <param name="link">The link.</param>
    /// <param name="urgent">Somebody waits for the answer, or the payload is large: always at once.</param>
    public void Submit(Link link, bool urgent)
    {
        if (!IsReading && (link.IsDue(Epoch) || urgent))
            link.Flush();

        if (!link.HasOutput || link.IsClosed)
            return;
        if (!link.IsDirty)
        {
            link.IsDirty = true;
            _dirty.Add(link);
        }

        if (_sleepers > 0)
            WakeForOutput(link);
        else if (_driver == Driver.None)
            ArmBackground();
    }

    /// <summary>
    /// What has collected leaves; for a call that would have waited had its message not been there.
    /// </summary>
    public void FlushCollected()
    {
        AssertGate();
        Epoch++;
        FlushDirty();
    }

    public SendChunk RentChunk() => _chunks.TryPop(out SendChunk? chunk) ? chunk : new SendChunk();

    public void ReturnChunk(SendChunk chunk)
    {
        if (_chunks.Count >= PooledChunks || _disposed)
        {
            chunk.Free();
            return;
        }

        chunk.Used = 0;
        _chunks.Push(chunk);
    }

    /// <summary>One round of moving bytes: sends what is queued, reads what has come.</summary>
    /// <returns>Whether anything moved.</returns>
    private bool Step()
    {
        bool moved = FlushDirty();
        for (int i = _memoryLinks.Count - 1; i >= 0; i--)
        {
            // A closing link leaves the list while we walk it.
            if (i < _memoryLinks.Count && _memoryLinks[i].Channel.CanRead)
                moved |= ReadFrom(_memoryLinks[i]);
        }

        if (_links.Count == _memoryLinks.Count)
            return moved;

        int expecting = _expecting.Count;
        if (expecting is > 0 and <= DirectReadLimit && _anySourceWaits == 0 && ++_stepsSinceFullLook < FullLookInterval)
        {
            for (int i = expecting - 1; i >= 0; i--)
            {
                if (i < _expecting.Count && _expecting[i].Channel.Descriptor >= 0)
                    moved |= ReadFrom(_expecting[i]);
            }

            return moved;
        }

        _stepsSinceFullLook = 0;
        Span<int> ready = stackalloc int[ReadyLimit];
        return Read(ready[.._poller.Wait(ready, 0)]) || moved;
    }

    private bool FlushDirty()
    {
        bool moved = false;
        for (int i = _dirty.Count - 1; i >= 0; i--)
        {
            if (i >= _dirty.Count)
                continue;
            Link link = _dirty[i];
            moved |= link.Flush();
            if (!link.HasOutput && link.IsDirty)
            {
                link.IsDirty = false;
                _dirty.Remove(link);
            }
        }

        return moved;
    }

    private bool Read(ReadOnlySpan<int> slots)
    {
        bool moved = false;
        foreach (int slot in slots)
        {
            if (slot < _links.Count && _links[slot] is { } link)
                moved |= ReadFrom(link);
        }

        return moved;
    }

    private void RemoveExpecting(Link link)
    {
        int index = link.ExpectingIndex;
        if (index < 0)
            return;
        Link last = _expecting[^1];
        _expecting[index] = last;
        last.ExpectingIndex = index;
        _expecting.RemoveAt(_expecting.Count - 1);
        link.ExpectingIndex = -1;
    }

    /// <summary>Closes every link at once, without goodbye; what had not left is lost.</summary>
    public void CloseAll(Exception reason)
    {
        lock (Gate)
        {
            foreach (Link link in Links.ToArray())
                link.Close(reason);
            SignalChange();
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            CloseAll(new ObjectDisposedException(nameof(ProgressEngine)));
            _disposed = true;
            EndFollowUps();
            foreach (SendChunk chunk in _chunks)
                chunk.Free();
            _chunks.Clear();
            UnwatchPaths();
            StopBackground();
            while (_sleepers > 0)
            {
                // Two threads may sleep on the poller, and a wake-up reaches one of them.
                _poller.Wake();
                Monitor.Wait(Gate, TickMilliseconds);
            }
        }

        _background?.Join();
        _poller.Dispose();
        NativeMemory.Free(Staging);
    }
}
