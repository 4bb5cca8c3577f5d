using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

// What is wrong with a frame, in words. Away from the data path: a method that makes a text clears room for it in each of its calls.
internal sealed unsafe partial class Messenger
{
    private WireFormatException NoSuchRank(Link link, in FrameHeader header) => new(
        $"A frame from rank {header.Source} to rank {header.Destination} came over {link.Description}; the job has ranks 0 to {Size - 1}.");

    private WireFormatException NotRelayed(Link link, in FrameHeader header) => new(
        $"A frame from rank {header.Source} to rank {header.Destination} came over the link from rank {link.Peer} to rank {Rank}, which " +
        "relay nothing.");

    private WireFormatException FromItself(Link link) =>
        new($"Rank {Rank}'s own rank came as the source of a frame over {link.Description}.");

    private static WireFormatException TooMuchCredit(Peer source, in FrameHeader header) =>
        new($"Rank {source.Rank} gave back {header.Credit} bytes of credit, more than it had been sent.");

    private static WireFormatException TooMuchUnasked(Peer source) =>
        new($"Rank {source.Rank} sent {source.Charged} bytes unasked; its credit is {WireLimits.CreditWindowBytes}.");

    private static WireFormatException AnnouncedAgain(Peer source, ulong sendId) =>
        new($"Rank {source.Rank} announced message {sendId} again.");

    private static WireFormatException TooManyAnnounced(Peer source) => new(
        $"Rank {source.Rank} announced {source.Remembered} messages that were not asked for; {WireLimits.AnnouncementLimit} are allowed.");

    private static WireFormatException NegativeTag(in FrameHeader header) =>
        new($"Rank {header.Source} sent a message with tag {header.Tag}; tags are zero or more.");
}
