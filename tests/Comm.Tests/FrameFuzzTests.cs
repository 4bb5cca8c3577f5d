using BoxerMpi.Internal;
using BoxerMpi.Wire;

namespace BoxerMpi.Tests;

/// <summary>Frames that no rank would send: whatever they hold, at worst they end their link, for a reason that was thought of.</summary>
public sealed class FrameFuzzTests
{
    private const int Ranks = 4;

    private static readonly long[] Lengths = [0, 0, 1, 3, 16, 16, 32, 32, 64, 4096, 5000, 50_000, -1, long.MaxValue / 4, long.MaxValue];
    private static readonly long[] Numbers = [0, 1, 2, 3, 4, 63, 100, 1 << 20, -1, long.MinValue, long.MaxValue, long.MaxValue / 4, 1L << 40];

    [Theory]
    [InlineData("")]
    [InlineData("why")]
    public Task A_revocation_with_any_reason_reaches_the_others(string reason) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                world.Revoke(reason);
                return;
            }

            CommunicatorRevokedException revoked = await Assert.ThrowsAsync<CommunicatorRevokedException>(
                async () => await world.ReceiveAsync<int>(new int[1], 0, 0, token));
            Assert.Equal((0, reason), (revoked.RevokedBy, revoked.Reason));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_frame_does_more_than_end_its_link(bool relay)
    {
        int ended = 0;
        for (int seed = 0; seed < 1000; seed++)
            ended += Run(seed, relay) ? 1 : 0;
        Assert.InRange(ended, 1, 999);
    }

    /// <returns>Whether the link was ended.</returns>
    private static bool Run(int seed, bool relay)
    {
        Random random = new(seed);
        using Messenger messenger = new(0, Ranks, new MessengerOptions { Relay = relay, Strict = true });
        (Transport.MemoryChannel near, Transport.MemoryChannel far) = Transport.MemoryChannel.CreatePair();
        messenger.AddLink(1, near);
        if (relay)
        {
            messenger.AddRoute(2, 1);
            messenger.AddRoute(3, 1);
        }

        using RawPeer peer = new(far);
        Communicator world = Communicator.CreateWorld(messenger, Topology.Mesh(Ranks));
        world.Timeout = TimeSpan.FromMilliseconds(1);
        byte[] buffer = new byte[100];
        List<Request> requests = [];
        for (int frame = 0; frame < 12; frame++)
        {
            Begin(random, world, buffer, requests);
            (FrameHeader header, byte[] payload) = Next(random, world);
            peer.Write(header, payload);
            lock (messenger.Gate)
                messenger.Engine.Poll();
            string state = messenger.Errors.Describe(1);
            Assert.False(state.Contains("could not be handled", StringComparison.Ordinal), $"seed {seed}, frame {frame}: {state}");
            if (!messenger.Engine.Links.Any())
                return true;
            peer.ReadFrames();
        }

        return false;
    }

    private static void Begin(Random random, Communicator world, byte[] buffer, List<Request> requests)
    {
        try
        {
            switch (random.Next(6))
            {
                case 0:
                    requests.Add(world.StartReceive<byte>(buffer, random.Next(-1, 2) is var source and not 0 ? source : 1, random.Next(3)));
                    break;
                case 1:
                    requests.Add(world.StartSend<byte>(buffer, 1, random.Next(3)));
                    break;
                case 2 when world.TryMatchedProbe() is { } message:
                    message.Receive<byte>(new byte[1 << 16]);
                    break;
                case 3 when random.Next(8) == 0:
                    world.Revoke("");
                    break;
            }
        }
        catch (MpiException)
        {
            // The link has ended, or the communicator is revoked.
        }
    }

    private static (FrameHeader Header, byte[] Payload) Next(Random random, Communicator world)
    {
        FrameKind kind = (FrameKind)random.Next(random.Next(40) == 0 ? 0 : 1, random.Next(40) == 0 ? 11 : 9);
        long length = random.Next(15) == 0 ? Lengths[random.Next(Lengths.Length)] : kind switch
        {
            FrameKind.Eager or FrameKind.Revoke => random.Next(200),
            FrameKind.RequestToSend => MessageOffer.Bytes,
            FrameKind.ClearToSend => MessageGrant.Bytes,
            FrameKind.Data => random.Next(101),
            _ => 0,
        };
        FrameHeader header = new()
        {
            Kind = kind,
            Context = random.Next(3) switch
            {
                0 => world.Queue.Context,
                1 => world.CollectiveQueue.Context,
                _ => (ulong)Numbers[random.Next(Numbers.Length)],
            },
            Tag = random.Next(20) == 0 ? (int)Numbers[random.Next(Numbers.Length)] : random.Next(3),
            Source = random.Next(30) == 0 ? (int)Numbers[random.Next(Numbers.Length)] : 1,
            Destination = random.Next(30) == 0 ? (int)Numbers[random.Next(Numbers.Length)] : 0,
            Credit = random.Next(30) == 0 ? (uint)Numbers[random.Next(Numbers.Length)] : 0,
            Length = length,
        };
        byte[] payload = new byte[Math.Clamp(header.Length, 0, 50_000)];
        random.NextBytes(payload);
        for (int at = 0; at + 8 <= payload.Length && at < 32; at += 8)
            BitConverter.TryWriteBytes(payload.AsSpan(at), random.Next(4) == 0 ? Numbers[random.Next(Numbers.Length)] : random.Next(8));
        return (header, payload);
    }
}
