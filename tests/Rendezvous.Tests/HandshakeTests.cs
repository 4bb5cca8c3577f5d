using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>Both ends of the handshake with a coordinator, without a connection.</summary>
public class HandshakeTests
{
    private static readonly IPEndPoint Seed = new(IPAddress.Loopback, 4000);
    private static readonly byte[] Token = TestJob.NewToken();
    private static readonly byte[] OtherToken = TestJob.NewToken();

    private static readonly AcceptedMessage Accepted = new()
    {
        Rank = 5,
        Size = 8,
        Epoch = 0,
        Observed = Seed,
        Topology = "",
        OffTopology = OffTopologyPolicy.Connect,
        HeartbeatInterval = TimeSpan.FromSeconds(5),
        HeartbeatTimeout = TimeSpan.FromSeconds(20),
        RelayAllowed = false,
        Options = new Dictionary<string, string>(),
    };

    [Fact]
    public void Who_knows_the_token_is_taken()
    {
        (JoinerHandshake joiner, SeedHandshake seed) = Meet();
        Assert.Equal("test", seed.JobId);
        Assert.True(joiner.IsChallenged);

        ControlFrame request = new(ControlKind.Attend, Payload(joiner.Ask(new AttendMessage(3, "me", Probe: false).Encode())));
        Assert.Equal(Limits.MemberFrameBytes, joiner.MaximumFrameBytes);
        Assert.False(seed.IsProven(request, OtherToken));
        Assert.False(seed.IsProven(request with { Kind = ControlKind.Join }, Token));
        Assert.True(seed.IsProven(request, Token));
        Assert.Equal(3, AttendMessage.Decode(SeedHandshake.Body(request)).Number);

        AcceptedMessage? taken = joiner.TakeAnswer(ControlKind.Accepted, Payload(seed.Accept(Accepted, Token)));
        Assert.Equal(5, taken!.Rank);
        Assert.Equal(Limits.CoordinatorFrameBytes, joiner.MaximumFrameBytes);
    }

    [Fact]
    public void A_coordinator_that_does_not_prove_the_token_is_none()
    {
        (JoinerHandshake joiner, SeedHandshake seed) = Meet();
        joiner.Ask(new AttendMessage(0, "", Probe: true).Encode());
        byte[] answer = Payload(seed.Accept(Accepted, OtherToken));
        RendezvousException error = Assert.Throws<RendezvousException>(() => joiner.TakeAnswer(ControlKind.Accepted, answer));
        Assert.Equal(RendezvousFailure.BadToken, error.Reason);
        Assert.Equal(Limits.MemberFrameBytes, joiner.MaximumFrameBytes);
    }

    [Fact]
    public void A_rejection_says_why_at_any_step()
    {
        byte[] rejected = Payload(new RejectedMessage(Protocol.Version, RendezvousFailure.JobFull, "no more").Encode());
        JoinerHandshake stranger = new(Seed, "test", Token);
        RendezvousException error = Assert.Throws<RendezvousException>(() => stranger.TakeChallenge(ControlKind.Rejected, rejected));
        Assert.Equal(RendezvousFailure.JobFull, error.Reason);
        (JoinerHandshake joiner, _) = Meet();
        Assert.Equal("no more", Assert.Throws<RendezvousException>(() => joiner.TakeAnswer(ControlKind.Rejected, rejected)).Message);
    }

    [Fact]
    public void Nothing_but_the_next_step_is_taken()
    {
        JoinerHandshake stranger = new(Seed, "test", Token);
        Assert.Throws<WireFormatException>(() => stranger.TakeChallenge(ControlKind.Accepted, []));

        // Before anything is asked no answer can be one.
        (JoinerHandshake joiner, SeedHandshake seed) = Meet();
        byte[] early = Payload(seed.Accept(Accepted, Token));
        Assert.Throws<WireFormatException>(() => joiner.TakeAnswer(ControlKind.Accepted, early));
        joiner.Ask(new RelayMessage(Guid.NewGuid(), 0, 1, 0).Encode());
        Assert.Throws<WireFormatException>(() => joiner.TakeAnswer(ControlKind.Accepted, early));
        Assert.Null(joiner.TakeAnswer(ControlKind.RelayReady, []));
    }

    private static (JoinerHandshake Joiner, SeedHandshake Seed) Meet()
    {
        JoinerHandshake joiner = new(Seed, "test", Token);
        SeedHandshake seed = new(HelloMessage.Decode(Payload(joiner.Hello())));
        joiner.TakeChallenge(ControlKind.Challenge, Payload(seed.Challenge(Seed, [])));
        return (joiner, seed);
    }

    private static byte[] Payload(ReadOnlyMemory<byte> frame) => frame[ControlFrame.PrefixBytes..].ToArray();
}
