using BenchmarkDotNet.Attributes;
using BoxerMpi.Internal;

namespace BoxerMpi.Micro;

/// <summary>A message meets its receive behind <see cref="Waiting"/> others of the same peer, with other tags.</summary>
[MemoryDiagnoser]
public unsafe class Matching : IDisposable
{
    private const int Peer = 1;
    private const int WantedTag = 1_000_000;

    private readonly Messenger _messenger = new(0, 2, new MessengerOptions());
    private MatchQueue _posted = null!;
    private MatchQueue _unexpected = null!;
    private ReceiveOperation _receive = null!;
    private UnexpectedMessage _message = null!;

    [Params(0, 16, 256)]
    public int Waiting { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _posted = new MatchQueue(8, 2);
        _unexpected = new MatchQueue(16, 2);
        for (int tag = 0; tag < Waiting; tag++)
        {
            _posted.Post(Receive(_posted, tag));
            _unexpected.Add(new UnexpectedMessage { Source = Peer, Tag = tag });
        }

        _receive = Receive(_posted, WantedTag);
        _message = new UnexpectedMessage { Source = Peer, Tag = WantedTag };
    }

    [Benchmark]
    public bool PostedThenArrived()
    {
        _posted.Post(_receive);
        return _posted.TakePosted(Peer, WantedTag) == _receive;
    }

    [Benchmark]
    public bool ArrivedThenReceived()
    {
        _unexpected.Add(_message);
        bool found = _unexpected.Find(Peer, WantedTag) == _message;
        _unexpected.Remove(_message);
        return found;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _messenger.Dispose();
        GC.SuppressFinalize(this);
    }

    private ReceiveOperation Receive(MatchQueue queue, int tag)
    {
        ReceiveOperation receive = new(_messenger);
        receive.Prepare(queue, Peer, tag, null, 0, ownsBuffer: false);
        return receive;
    }
}
