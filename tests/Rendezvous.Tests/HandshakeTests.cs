using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>The joiner's handshake, without a connection.</summary>
public class HandshakeTests
{
    private static readonly IPEndPoint Seed = new(IPAddress.Loopback, 4000);
    private static readonly byte[] Token = TestJob.NewToken();
    private static readonly byte[] SeedNonce = Proof.Nonce();

    [Fact]
    public void Who_knows_the_token_is_taken()
    {
        JoinerHandshake joiner = new(Seed, "test", Token);
        HelloMessage hello = HelloMessage.Decode(Payload(joiner.Hello()));
        Assert.Equal("test", hello.JobId);
        Challenge(joiner);
        Assert.True(joiner.IsChallenged);

        byte[] asked = Payload(joiner.Ask(new AttendMessage(3, "me", Probe: false).Encode()));
        byte[] proof = new byte[Proof.Bytes];
        Proof.OfJoiner(Token, ControlKind.Attend, "test", hello.Nonce, SeedNonce, asked.AsSpan(Proof.Bytes), proof);
        Assert.Equal(proof, asked[..Proof.Bytes]);
        Assert.Equal(Limits.MemberFrameBytes, joiner.MaximumFrameBytes);

        AcceptedMessage? accepted = joiner.TakeAnswer(ControlKind.Accepted, Accepted(hello, Token));
        Assert.Equal(5, accepted!.Rank);
        Assert.Equal(Limits.CoordinatorFrameBytes, joiner.MaximumFrameBytes);
    }

    [Fact]
    public void A_coordinator_that_does_not_prove_the_token_is_none()
    {
        JoinerHandshake joiner = new(Seed, "test", Token);
        HelloMessage hello = HelloMessage.Decode(Payload(joiner.Hello()));
        Challenge(joiner);
        joiner.Ask(new AttendMessage(0, "", Probe: true).Encode());
        byte[] answer = Accepted(hello, TestJob.NewToken());
        RendezvousException error = Assert.Throws<RendezvousException>(() => joiner.TakeAnswer(ControlKind.Accepted, answer));
        Assert.Equal(RendezvousFailure.BadToken, error.Reason);
        Assert.Equal(Limits.MemberFrameBytes, joiner.MaximumFrameBytes);
    }

    [Fact]
    public void A_rejection_says_why_at_any_step()
    {
        JoinerHandshake joiner = new(Seed, "test", Token);
        byte[] rejected = Payload(new RejectedMessage(Protocol.Version, RendezvousFailure.JobFull, "no more").Encode());
        RendezvousException error = Assert.Throws<RendezvousException>(() => joiner.TakeChallenge(ControlKind.Rejected, rejected));
        Assert.Equal(RendezvousFailure.JobFull, error.Reason);
        Challenge(joiner);
        Assert.Equal("no more", Assert.Throws<RendezvousException>(() => joiner.TakeAnswer(ControlKind.Rejected, rejected)).Message);
    }

    [Fact]
    public void Nothing_but_the_next_step_is_taken()
    {
        JoinerHandshake joiner = new(Seed, "test", Token);
        Assert.Throws<WireFormatException>(() => joiner.TakeChallenge(ControlKind.Accepted, []));
        HelloMessage hello = HelloMessage.Decode(Payload(joiner.Hello()));
        Challenge(joiner);

        // Before anything is asked no answer can be one.
        byte[] early = Accepted(hello, Token);
        Assert.Throws<WireFormatException>(() => joiner.TakeAnswer(ControlKind.Accepted, early));
        joiner.Ask(new RelayMessage(Guid.NewGuid(), 0, 1, 0).Encode());
        Assert.Throws<WireFormatException>(() => joiner.TakeAnswer(ControlKind.Accepted, early));
        Assert.Null(joiner.TakeAnswer(ControlKind.RelayReady, []));
    }

    private static void Challenge(JoinerHandshake joiner) =>
        joiner.TakeChallenge(ControlKind.Challenge, Payload(new ChallengeMessage(SeedNonce, Seed, []).Encode()));

    private static byte[] Accepted(HelloMessage hello, byte[] token)
    {
        MessageWriter writer = new AcceptedMessage
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
        }.Encode();
        writer.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfSeed(token, hello.JobId, hello.Nonce, SeedNonce, body, proof);
        return Payload(writer.Finish());
    }

    private static byte[] Payload(ReadOnlyMemory<byte> frame) => frame[ControlFrame.PrefixBytes..].ToArray();
}
