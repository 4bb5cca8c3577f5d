namespace BoxerMpi.Rendezvous;

/// <summary>Something that the reactor does later, unless it is stopped before.</summary>
internal sealed class ReactorTimer(TimerHeap heap, Action action)
{
    /// <summary>When, in timestamps of the reactor's clock.</summary>
    public long Due { get; set; }

    /// <summary>Its place in the heap, or -1.</summary>
    public int Place { get; set; } = -1;

    public void Run() => action();

    public void Stop()
    {
        if (Place >= 0)
            heap.Remove(this);
    }
}

/// <summary>Timers in order of their time: a binary heap that knows where each one is.</summary>
internal sealed class TimerHeap
{
    private ReactorTimer[] _items = new ReactorTimer[64];
    private int _count;

    public ReactorTimer? First => _count > 0 ? _items[0] : null;

    public void Add(ReactorTimer timer)
    {
        if (_count == _items.Length)
            Array.Resize(ref _items, _count * 2);
        Up(_count++, timer);
    }

    public void Remove(ReactorTimer timer)
    {
        int place = timer.Place;
        timer.Place = -1;
        ReactorTimer last = _items[--_count];
        _items[_count] = null!;
        if (ReferenceEquals(last, timer))
            return;
        if (place > 0 && last.Due < _items[(place - 1) / 2].Due)
            Up(place, last);
        else
            Down(place, last);
    }

    private void Up(int place, ReactorTimer timer)
    {
        while (place > 0)
        {
            int parent = (place - 1) / 2;
            if (_items[parent].Due <= timer.Due)
                break;
            Put(place, _items[parent]);
            place = parent;
        }

        Put(place, timer);
    }

    private void Down(int place, ReactorTimer timer)
    {
        while (true)
        {
            int child = (2 * place) + 1;
            if (child >= _count)
                break;
            if (child + 1 < _count && _items[child + 1].Due < _items[child].Due)
                child++;
            if (timer.Due <= _items[child].Due)
                break;
            Put(place, _items[child]);
            place = child;
        }

        Put(place, timer);
    }

    private void Put(int place, ReactorTimer timer)
    {
        _items[place] = timer;
        timer.Place = place;
    }
}
