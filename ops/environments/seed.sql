-- People for preview environments: none of them exists. Run again, it changes nothing.

INSERT INTO users (tg_id, username, first_name, language_code)
SELECT 1000000 + n, 'preview_' || n, (ARRAY['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara'])[n % 5 + 1], 'en'
FROM generate_series(1, 40) AS n
ON CONFLICT (tg_id) DO NOTHING;

INSERT INTO profiles (user_id, name, birth_date, gender, orientation, goal, bio, interests, country, city, is_complete)
SELECT id,
       first_name,
       DATE '1990-01-01' + (tg_id - 1000000)::int * 100,
       (ARRAY['female', 'male', 'other'])[tg_id % 3 + 1],
       'any',
       (ARRAY['friendship', 'dating', 'networking'])[tg_id % 3 + 1],
       'Only here for the preview.',
       ARRAY['music', 'hiking'],
       'Nowhere',
       'Preview',
       true
FROM users
WHERE tg_id BETWEEN 1000001 AND 1000040
ON CONFLICT (user_id) DO NOTHING;

-- Each likes the next three; neighbours of the first ten like each other.
INSERT INTO interactions (user_id, target_id, interaction_type)
SELECT a.id, b.id, 'like'
FROM users a
JOIN users b ON b.tg_id - a.tg_id BETWEEN 1 AND 3
WHERE a.tg_id BETWEEN 1000001 AND 1000037 AND b.tg_id <= 1000040
ON CONFLICT (user_id, target_id) DO NOTHING;

INSERT INTO matches (user1_id, user2_id)
SELECT least(a.id, b.id), greatest(a.id, b.id)
FROM users a
JOIN users b ON b.tg_id = a.tg_id + 1
WHERE a.tg_id BETWEEN 1000001 AND 1000010
ON CONFLICT (user1_id, user2_id) DO NOTHING;
