using System.Net;
using System.Net.Sockets;
using System.Text;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>Whatever comes instead of a message is refused in one way.</summary>
public class FuzzTests
{
    private delegate void Decoder(byte[] payload);

    private static readonly Dictionary<string, Decoder> Decoders = new()
    {
        ["hello"] = payload => HelloMessage.Decode(payload),
        ["challenge"] = payload => ChallengeMessage.Decode(payload),
        ["join"] = payload => JoinMessage.Decode(payload),
        ["accepted"] = payload => AcceptedMessage.Decode(payload),
        ["rejected"] = payload => RejectedMessage.Decode(payload),
        ["start"] = payload => StartMessage.Decode(payload, 3, out _),
        ["linked"] = payload => WireUpReport.Decode(payload),
        ["leave"] = payload => ShortMessages.DecodeLeave(payload),
        ["abort"] = payload => ShortMessages.DecodeAbort(payload),
        ["lost"] = payload => ShortMessages.DecodeLost(payload),
        ["event"] = payload => MembershipEvent.Decode("job", payload),
        ["reflect"] = payload => ReflectMessage.Decode(payload),
        ["reflected"] = payload => ReflectedMessage.Decode(payload),
        ["signal"] = payload => SignalMessage.Decode(payload),
        ["signal lost"] = payload => ShortMessages.DecodeSignalLost(payload),
        ["relay"] = payload => RelayMessage.Decode(payload),
        ["attend"] = payload => AttendMessage.Decode(payload),
        ["output"] = payload => AttendMessages.DecodeOutput(payload, out _),
        ["exit"] = payload => AttendMessages.DecodeExit(payload),
        ["attended signal"] = payload => AttendMessages.DecodeSignal(payload),
        ["link hello"] = payload => LinkHello.Decode(payload),
        ["link refusal"] = payload => LinkRefusal.Decode(payload),
        ["link signal"] = payload => LinkSignal.Decode(payload),
        ["application signal"] = payload => ApplicationSignal.Decode(payload),
    };

    public static TheoryData<string> Messages => [.. Decoders.Keys];

    [Theory, MemberData(nameof(Messages))]
    public void Random_bytes_are_a_message_or_refused(string message)
    {
        for (int seed = 0; seed < 4000; seed++)
        {
            byte[] payload = Payload(new Random(seed));
            try
            {
                Decoders[message](payload);
            }
            catch (WireFormatException)
            {
                // As it should be.
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                Assert.Fail($"{message}, seed {seed}: {error}");
            }
        }
    }

    [Fact]
    public async Task A_member_that_sends_anything_at_all_ends_its_own_connection_only()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            await using TestJob job = new(2);
            Task<JobClient> joining = job.JoinAsync(0);
            await job.UntilAsync(() => job.Job.Progress.Joined == 1, "rank 0");
            using ControlChannel member = await JoinTests.JoinSilentlyAsync(job);
            JobClient rank = await joining;
            Random random = new(seed);
            for (int frame = 0; frame < 50; frame++)
            {
                byte[] payload = Payload(random);
                byte[] bytes = [.. BitConverter.GetBytes(payload.Length + 1), (byte)random.Next(40), .. payload];
                if (!member.Post(bytes))
                    break;
            }

            await job.UntilAsync(() => job.Job.Statuses[1].EndedAfter is not null || job.Job.Aborted.IsCompleted, $"the end of seed {seed}");
            Assert.True(rank.IsConnected, $"seed {seed}: the other rank was cut off");
            Assert.DoesNotContain(job.Log, line => line.Contains("could not be handled", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Lines_that_are_no_events_are_refused()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        byte[] good = Encoding.UTF8.GetBytes("""{"event":"joined","job":"j","rank":1,"size":2,"members":1,"seconds":0.5}""");
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            byte[] line = [.. good];
            for (int change = 0; change <= seed % 4; change++)
                line[random.Next(line.Length)] = (byte)random.Next(256);
            Task<Socket> accepting = listener.AcceptAsync(TestContext.Current.CancellationToken).AsTask();
            IAsyncEnumerable<MembershipLine> lines = MembershipFollower.FollowLocalAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
            Task reading = ReadAsync(lines, seed);
            using Socket service = await accepting;
            await service.SendAsync((byte[])[.. line, (byte)'\n']);
            service.Shutdown(SocketShutdown.Send);
            await reading;
        }
    }

    private static async Task ReadAsync(IAsyncEnumerable<MembershipLine> lines, int seed)
    {
        try
        {
            await foreach (MembershipLine line in lines)
                Assert.NotNull(line);
        }
        catch (WireFormatException)
        {
            // As it should be.
        }
        catch (Exception error)
        {
            Assert.Fail($"seed {seed}: {error}");
        }
    }

    private static byte[] Payload(Random random)
    {
        byte[] payload = new byte[random.Next(4) == 0 ? random.Next(400) : random.Next(60)];
        random.NextBytes(payload);

        // Mostly small numbers, as counts and lengths are.
        for (int i = 0; i < payload.Length; i++)
        {
            if (random.Next(3) != 0)
                payload[i] = (byte)random.Next(3);
        }

        return payload;
    }
}
