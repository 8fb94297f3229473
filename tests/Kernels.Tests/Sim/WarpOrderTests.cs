namespace Kernels.Tests;

/// <summary>
/// What warps know of each other's accesses, against sets of accesses that are handed on at barriers: random programs of
/// accesses, arrivals, waits, meetings of lanes and ends.
/// </summary>
public sealed class WarpOrderTests
{
    private const int Warps = 4;
    private const int Barriers = 2;

    [Test]
    public void Known_AfterRandomPrograms_IsWhatBarriersHandedOn([Range(1, 200)] int seed)
    {
        var random = new Random(seed);
        var model = new Model();
        model.Order.StartBlock();
        for (var step = 0; step < 60; step++)
        {
            model.Act(random);
            model.RequireAgreement();
        }
    }

    /// <summary>The same program on clocks and on sets.</summary>
    private sealed class Model
    {
        private readonly List<(int Warp, uint Moment)> _accesses = [];
        private readonly HashSet<int>[] _known = [.. Enumerable.Range(0, Warps).Select(_ => new HashSet<int>())];
        private readonly HashSet<int>[] _handed = [.. Enumerable.Range(0, Barriers).Select(_ => new HashSet<int>())];
        private readonly uint[] _arrived = new uint[Barriers];
        private readonly uint[] _waiting = new uint[Barriers];
        private readonly List<string> _program = [];
        private uint _ended;

        public WarpOrder Order { get; } = new(Warps, Barriers, Warps);

        public void Act(Random random)
        {
            var (warp, barrier) = (random.Next(Warps), random.Next(Barriers));
            if (((_ended | _waiting[0] | _waiting[1]) >> warp & 1) != 0)
            {
                return;
            }

            switch (random.Next(8))
            {
                case < 3:
                    _program.Add($"{warp} accesses");
                    _accesses.Add((warp, Order.Now(warp)));
                    break;
                case 3:
                    _program.Add($"the lanes of {warp} meet");
                    Order.MeetLanes(warp);
                    _known[warp].UnionWith(Own(warp));
                    break;
                case 4 when random.Next(4) == 0:
                    _program.Add($"{warp} ends");
                    _ended |= 1u << warp;
                    break;
                default:
                    Arrive(warp, barrier, waits: random.Next(3) > 0);
                    break;
            }
        }

        public void RequireAgreement()
        {
            for (var later = 0; later < Warps; later++)
            {
                for (var i = 0; i < _accesses.Count; i++)
                {
                    var (earlier, moment) = _accesses[i];
                    Assert.That(
                        moment <= Order.Known(later, earlier),
                        Is.EqualTo(_known[later].Contains(i)),
                        () => $"what {later} knows of access {i}, of {earlier}: {string.Join(", ", _program)}");
                }

                var settled = Enumerable.Range(0, _accesses.Count).Where(i => _accesses[i].Moment <= Order.SettledFor(later));
                Assert.That(settled, Is.SubsetOf(_known[later]));
            }
        }

        private IEnumerable<int> Own(int warp) => Enumerable.Range(0, _accesses.Count).Where(i => _accesses[i].Warp == warp);

        /// <summary>
        /// Two warps make a barrier complete, if one of them waits. Those that have ended without coming hand over all that
        /// they know; of those that came and then ended, it is what they knew when they came.
        /// </summary>
        private void Arrive(int warp, int barrier, bool waits)
        {
            if ((_arrived[barrier] >> warp & 1) != 0)
            {
                return;
            }

            _program.Add($"{warp} {(waits ? "waits" : "arrives")} at {barrier}");
            Order.Arrive(warp, barrier);
            _known[warp].UnionWith(Own(warp));
            _handed[barrier].UnionWith(_known[warp]);
            _arrived[barrier] |= 1u << warp;
            _waiting[barrier] |= waits ? 1u << warp : 0;
            if (_waiting[barrier] == 0 || _arrived[barrier] == 1u << warp)
            {
                return;
            }

            _program.Add($"{barrier} opens");
            var ended = _ended & ~_arrived[barrier];
            Order.Meet(barrier, _waiting[barrier], ended);
            foreach (var gone in Enumerable.Range(0, Warps).Where(w => (ended >> w & 1) != 0))
            {
                _handed[barrier].UnionWith(_known[gone].Union(Own(gone)));
            }

            foreach (var waited in Enumerable.Range(0, Warps).Where(w => (_waiting[barrier] >> w & 1) != 0))
            {
                _known[waited].UnionWith(_handed[barrier]);
            }

            _handed[barrier].Clear();
            (_arrived[barrier], _waiting[barrier]) = (0, 0);
        }
    }
}
