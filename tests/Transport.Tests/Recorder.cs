using System.Runtime.CompilerServices;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Tests;

/// <summary>Keeps what links hand over. Used under the engine's gate, like every handler.</summary>
internal sealed unsafe class Recorder : IFrameHandler
{
    public List<(FrameHeader Header, byte[] Payload)> Frames { get; } = [];

    /// <summary>Links that are gone, with the reason and the state of what was arriving.</summary>
    public List<(Link Link, Exception? Reason, object? Unfinished)> Gone { get; } = [];

    /// <summary>Chooses the memory for a payload; null is memory of its length.</summary>
    public Func<FrameHeader, byte[]?>? Target { get; set; }

    /// <summary>Nobody wants the payloads yet.</summary>
    public bool MayWait { get; set; }

    public Action<Link, FrameHeader>? Ended { get; set; }

    public long LongestAllocation { get; private set; }

    public PayloadTarget Begin(Link link, in FrameHeader header)
    {
        byte[]? target = Target is null ? null : Target(header);
        if (target is null)
        {
            LongestAllocation = Math.Max(LongestAllocation, header.Length);
            target = GC.AllocateUninitializedArray<byte>(checked((int)header.Length), pinned: true);
        }

        // Pinned when it was allocated: its address stays what it is.
        byte* start = (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(target));
        return new PayloadTarget { Pointer = start, Capacity = target.Length, State = target, MayWait = MayWait };
    }

    public void End(Link link, in FrameHeader header, object? state)
    {
        Frames.Add((header, (byte[]?)state ?? []));
        Ended?.Invoke(link, header);
    }

    public void Closed(Link link, Exception? reason, object? unfinished) => Gone.Add((link, reason, unfinished));
}

/// <summary>An engine with its recorder, used from one thread unless a test says otherwise.</summary>
internal sealed unsafe class Station : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public Station(Poller? poller = null) => Engine = new ProgressEngine(Recorder, poller);

    // The link keeps addresses only.
    private readonly List<byte[]> _inPlace = [];

    public Recorder Recorder { get; } = new();

    public ProgressEngine Engine { get; }

    public Link Add(Channel channel, bool checksums = false) => Engine.AddLink(0, channel, checksums);

    /// <summary>Sends from a copy.</summary>
    public void Send(Link link, ReadOnlySpan<byte> payload, int tag = 0, bool urgent = true, FrameKind kind = FrameKind.Eager)
    {
        fixed (byte* start = payload)
        {
            lock (Engine.Gate)
            {
                FrameHeader header = new() { Kind = kind, Tag = tag, Length = payload.Length };
                link.Enqueue(ref header, start, owner: null);
                Engine.Submit(link, urgent);
            }
        }
    }

    /// <summary>Sends from where it is, which must be pinned memory.</summary>
    public void SendInPlace(Link link, byte[] payload, IPayloadOwner owner, int tag = 0)
    {
        byte* start = (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(payload));
        lock (Engine.Gate)
        {
            _inPlace.Add(payload);
            FrameHeader header = new() { Kind = FrameKind.Eager, Tag = tag, Length = payload.Length };
            if (link.Enqueue(ref header, start, owner))
                owner.PayloadSent();
            Engine.Submit(link, urgent: true);
        }
    }

    /// <summary>One step.</summary>
    public void Poll()
    {
        lock (Engine.Gate)
            Engine.Poll();
    }

    /// <summary>Waits on this thread, as a caller does.</summary>
    public bool TryWait(Func<bool> condition, TimeSpan limit)
    {
        lock (Engine.Gate)
        {
            Condition waited = new(condition);
            return Engine.Wait(ref waited, limit);
        }
    }

    public void Wait(Func<bool> condition) => Assert.True(TryWait(condition, Patience), "It did not come to that.");

    public void WaitForFrames(int count) => Wait(() => Recorder.Frames.Count >= count);

    public Exception? WaitForEnd()
    {
        Wait(() => Recorder.Gone.Count > 0);
        return Recorder.Gone[0].Reason;
    }

    public void Dispose() => Engine.Dispose();

    private readonly struct Condition(Func<bool> condition) : IWaitCondition
    {
        public bool IsMet => condition();
    }
}

/// <summary>Counts what becomes of payloads.</summary>
internal sealed class PayloadCounter : IPayloadOwner
{
    public int Sent { get; private set; }

    public int Lost { get; private set; }

    public void PayloadSent() => Sent++;

    public void PayloadLost(Exception reason) => Lost++;
}

/// <summary>Bytes as they travel.</summary>
internal static class Bytes
{
    public static byte[] Of(int length, int seed)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        for (int i = 0; i < length; i++)
            bytes[i] = unchecked((byte)((i * 7) + (i >> 8) + seed));
        return bytes;
    }

    public static byte[] Frame(uint sequence, ReadOnlySpan<byte> payload, FrameKind kind = FrameKind.Eager, bool checksum = false)
    {
        FrameHeader header = new()
        {
            Kind = kind,
            Sequence = sequence,
            Tag = (int)sequence,
            Flags = checksum ? FrameFlags.Checksum : FrameFlags.None,
            Length = payload.Length,
        };
        byte[] bytes = new byte[FrameHeader.Bytes + payload.Length + (checksum ? FrameChecksum.Bytes : 0)];
        header.Write(bytes);
        payload.CopyTo(bytes.AsSpan(FrameHeader.Bytes));
        if (checksum)
        {
            FrameChecksum hash = new();
            hash.Begin(header);
            hash.Append(payload);
            hash.Write(bytes.AsSpan(FrameHeader.Bytes + payload.Length));
        }

        return bytes;
    }

    /// <summary>Writes on a channel that no engine has; the reader takes in meanwhile what does not fit.</summary>
    public static unsafe void Write(Channel channel, ReadOnlySpan<byte> bytes, Station? reader = null)
    {
        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                IoVector vector = new() { Base = start + done, Length = bytes.Length - done };
                done += channel.Write(&vector, 1);
                reader?.Poll();
            }
        }
    }
}

/// <summary>Counts the calls that a link makes.</summary>
internal sealed unsafe class CountingChannel(Channel inner) : Channel
{
    public int Writes { get; private set; }

    public override int Descriptor => inner.Descriptor;

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override string Description => inner.Description;

    public override nint Read(byte* first, nint firstLength, byte* second, nint secondLength) =>
        inner.Read(first, firstLength, second, secondLength);

    public override nint Write(IoVector* vectors, int count)
    {
        Writes++;
        return inner.Write(vectors, count);
    }

    public override void CloseSend() => inner.CloseSend();

    public override void Attach(ProgressEngine engine) => inner.Attach(engine);

    public override void Dispose() => inner.Dispose();
}

/// <summary>Brings one empty frame after the other, for ever.</summary>
internal sealed unsafe class EndlessChannel : Channel
{
    private uint _sequence;

    public override bool CanRead => true;

    public override string Description => "endless";

    public override nint Read(byte* first, nint firstLength, byte* second, nint secondLength)
    {
        Bytes.Frame(_sequence++, []).CopyTo(new Span<byte>(first, FrameHeader.Bytes));
        return FrameHeader.Bytes;
    }

    public override nint Write(IoVector* vectors, int count) => 0;

    public override void CloseSend()
    {
        // Nobody is at the other end.
    }

    public override void Dispose()
    {
        // There is nothing to give back.
    }
}
