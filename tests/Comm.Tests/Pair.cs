using BoxerMpi.Internal;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Tests;

/// <summary>Two ranks whose links the test makes itself, both used from the test's thread.</summary>
internal sealed class Pair : IDisposable
{
    private readonly Messenger[] _messengers;

    public Pair(MessengerOptions? options = null, bool linked = true)
    {
        _messengers = [new Messenger(0, 2, options ?? MessengerOptions.Default), new Messenger(1, 2, options ?? MessengerOptions.Default)];
        First = Communicator.CreateWorld(_messengers[0], Topology.Mesh(2));
        Second = Communicator.CreateWorld(_messengers[1], Topology.Mesh(2));
        First.Timeout = Second.Timeout = Ranks.Patience;
        if (linked)
            Link();
    }

    public Communicator First { get; }

    public Communicator Second { get; }

    public void Link()
    {
        (MemoryChannel first, MemoryChannel second) = MemoryChannel.CreatePair();
        First.Messenger.AddLink(1, first);
        Second.Messenger.AddLink(0, second);
    }

    /// <summary>Links the first rank only and returns the other end, to write whatever frames on it.</summary>
    public RawPeer LinkToRaw()
    {
        (MemoryChannel first, MemoryChannel second) = MemoryChannel.CreatePair();
        First.Messenger.AddLink(1, first);
        return new RawPeer(second);
    }

    public void Dispose()
    {
        foreach (Messenger messenger in _messengers)
            messenger.Dispose();
    }
}

/// <summary>The other end of a link, which says what a rank would not.</summary>
internal sealed unsafe class RawPeer(MemoryChannel channel) : IDisposable
{
    private uint _sequence;

    public void Write(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        header.Sequence = _sequence++;
        byte[] bytes = new byte[FrameHeader.Bytes + payload.Length];
        header.Write(bytes);
        payload.CopyTo(bytes.AsSpan(FrameHeader.Bytes));
        Write(bytes);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            IoVector vector = new() { Base = start, Length = bytes.Length };
            Assert.Equal(bytes.Length, (int)channel.Write(&vector, 1));
        }
    }

    /// <summary>Everything that has come from the rank, frame by frame.</summary>
    public List<(FrameHeader Header, byte[] Payload)> ReadFrames()
    {
        List<(FrameHeader, byte[])> frames = [];
        byte[] bytes = new byte[MemoryChannel.DefaultCapacityBytes];
        nint count;
        fixed (byte* start = bytes)
            count = channel.Read(start, bytes.Length, null, 0);
        for (int at = 0; at < count;)
        {
            FrameHeader.Read(bytes.AsSpan(at), out FrameHeader header);
            frames.Add((header, bytes[(at + FrameHeader.Bytes)..(at + FrameHeader.Bytes + (int)header.Length)]));
            at += FrameHeader.Bytes + (int)header.Length;
        }

        return frames;
    }

    public void Dispose() => channel.Dispose();
}

/// <summary>Looking at a rank, and moving its bytes, from the test.</summary>
internal static class Driving
{
    /// <summary>Moves bytes under the rank's gate until something is so. With the gate held, nothing else of the rank moves.</summary>
    public static void DriveUntil(this Communicator world, Func<bool> done)
    {
        long end = Environment.TickCount64 + (long)Ranks.Patience.TotalMilliseconds;
        lock (world.Messenger.Gate)
        {
            while (!done())
            {
                world.Messenger.Engine.Poll();
                Assert.True(Environment.TickCount64 < end, "It did not come to that.");
            }
        }
    }

    public static Link LinkTo(this Communicator world, int peer)
    {
        lock (world.Messenger.Gate)
            return world.Messenger.Engine.Links.Single(link => link.Peer == peer);
    }
}
