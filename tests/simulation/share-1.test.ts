import { depth } from '../support/depth';
import { testShare } from './share';

testShare(1, depth(300, 2_500));
